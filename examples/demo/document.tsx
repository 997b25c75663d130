import type { ReactNode } from "react";
import { renderToString } from "react-dom/server";
import { Connections, type ConnectionsProps } from "./page/connections.js";
import { Settings, type SettingsProps } from "./page/settings.js";
import { SignIn, type SignInUser } from "./page/sign-in.js";

/** The sign-in page. */
export function signInDocument(users: SignInUser[]): string {
  return documentOf("Sign in", <SignIn users={users} />);
}

/** The settings page, with the script and the props that the browser needs to hydrate it. */
export function settingsDocument(props: SettingsProps): string {
  // Escape "<", so that no value can end the script element.
  const json = JSON.stringify(props).replaceAll("<", "\\u003c");
  const scripts = `<script type="application/json" id="props">${json}</script><script type="module" src="/client.js"></script>`;
  return documentOf("Calendars", <Settings {...props} />, scripts);
}

/** The page with all users' connections. */
export function connectionsDocument(props: ConnectionsProps): string {
  return documentOf("Connections", <Connections {...props} />);
}

function documentOf(title: string, content: ReactNode, scripts = ""): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Fernhill</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/styles.css">
</head>
<body>
<div id="root">${renderToString(content)}</div>
${scripts}
</body>
</html>`;
}
