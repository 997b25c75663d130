import { hydrateRoot } from "react-dom/client";
import { Settings, type SettingsProps } from "./settings.js";

const root = document.getElementById("root");
const props = document.getElementById("props");
if (root && props) hydrateRoot(root, <Settings {...(JSON.parse(props.textContent) as SettingsProps)} />);
