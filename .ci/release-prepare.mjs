// Moves the recorded changes into the changelog and sets the version that follows from their kinds. `npm run release:prepare`
import { npm, tool } from "./release-tools.mjs";

tool("changie", ["batch", "auto", "--allow-no-changes=false"]);
tool("changie", ["merge"]);
const version = tool("changie", ["latest"]).trim();
npm(["version", "--no-git-tag-version", "--allow-same-version", version]);
tool("prettier", ["--write", "CHANGELOG.md", ".changes"]);
console.log(`prepared: ${version}`);
