import type { User } from "./session.js";

/** The sign-in page. */
export function signInPage(users: readonly User[]): string {
  const buttons = users.map(({ id, name }) => `<button name="user" value="${id}">${escape(name)}</button>`);
  return page(`<h1>Sign in</h1><form method="post" action="/sign-in">${buttons.join(" ")}</form>`);
}

/** The settings page, on which a user connects calendars. `client/settings.js` fills it. */
export function settingsPage({ name }: User): string {
  return page(`<h1>Settings</h1>
<form method="post" action="/sign-out">Signed in as ${escape(name)} <button>Sign out</button></form>
<h2>Calendars</h2>
<p id="message" role="status"></p>
<p id="error" role="alert"></p>
<ul id="accounts" tabindex="-1" aria-label="Connected accounts"></ul>
<p>
  <button type="button" data-connect="google">Connect Google Calendar</button>
  <button type="button" data-connect="office365">Connect Office 365</button>
</p>
<div id="picker" hidden>
  <p><label>New bookings go to <select id="destination"></select></label></p>
  <div id="conflicts"></div>
</div>
<script type="module" src="/settings.js"></script>`);
}

function page(body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>calbridge</title>
<style>:root { color-scheme: light dark; font-family: system-ui } body { max-width: 40rem; margin: 2rem auto; padding: 0 1rem }</style>
<body>
<main>
${body}
</main>
</body>
</html>`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
