import { sha256 } from "../../lib/digest.js";
import { htmlPage } from "./responses.js";

/** A popup that a page of the application has opened, by the id of the channel on which that page listens. */
const popupPattern = /^[\w-]{16,64}$/;

/** Whether a text is the id of a popup's channel. Nothing else may get into the page. */
export function isPopupId(value: string): boolean {
  return popupPattern.test(value);
}

// Constant, so that its hash can be in the policy: what it reports stands in attributes. Only pages of the same origin can
// listen to the channel. `window.opener` is of no use: providers' pages cut it. The window is closed a moment later, so
// that the message has left it.
const SCRIPT = `
const { id, returned } = document.currentScript.dataset;
new BroadcastChannel("calbridge:" + id).postMessage({ type: "calbridge", id, returned });
setTimeout(() => window.close(), 50);
`;

/**
 * The page at the end of a flow in a popup: reports the query of the return URL to the page that has opened the popup, and
 * closes itself. Without scripts, or if the browser leaves the window open, it links to the return URL.
 */
export async function returnPage(returnUrl: string, popupId: string): Promise<Response> {
  const returned = new URL(returnUrl).search.slice(1);
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Calendar</title>
<link rel="icon" href="data:,">
</head>
<body>
<main>
<h1>Calendar</h1>
<p>You can close this window, or <a href="${escapeHtml(returnUrl)}">go on here</a>.</p>
</main>
<script data-id="${escapeHtml(popupId)}" data-returned="${escapeHtml(returned)}">${SCRIPT}</script>
</body>
</html>
`;
  return htmlPage(html, await policy());
}

/** Nothing but this one script and an empty icon: no other script, style, image, frame, form or base. */
async function policy(): Promise<string> {
  const hash = btoa(String.fromCharCode(...(await sha256(SCRIPT))));
  return [
    "default-src 'none'",
    `script-src 'sha256-${hash}'`,
    // Firefox asks for an icon, and reports one that is not allowed as an error.
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? "");
}
