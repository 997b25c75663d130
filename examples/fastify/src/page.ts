import type { User } from "./session.js";

// Plain HTML, to show how to call the routes. In React, <CalendarIntegration> of calbridge/react replaces all of this.

/** The sign-in page. */
export function signInPage(users: readonly User[]): string {
  const buttons = users.map(
    ({ ulid, name }) => `<button name="user" value="${ulid}">${escape(name)}</button>`,
  );
  return page(`<h1>Sign in</h1><form method="post" action="/sign-in">${buttons.join(" ")}</form>`);
}

/** The settings page, on which a user connects calendars. */
export function settingsPage({ name }: User): string {
  return page(`<h1>Settings</h1>
<form method="post" action="/sign-out">Signed in as ${escape(name)} <button>Sign out</button></form>
<h2>Calendars</h2>
<ul id="connections"></ul>
<p>
  <button data-connect="google">Connect Google Calendar</button>
  <button data-connect="office365">Connect Office 365</button>
</p>
<p id="message" role="status"></p>
<script type="module">${script}</script>`);
}

// It calls the routes under /api/cal. Their texts are inserted as text, never as HTML.
const script = `
const message = document.querySelector("#message");
const connections = document.querySelector("#connections");

async function call(path, body) {
  const options = body && {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
  const { data, error } = await (await fetch("/api/cal/calendars/" + path, options)).json();
  if (error) throw new Error(error.message);
  return data;
}

async function show() {
  const { calendars } = await call("status");
  connections.replaceChildren(...calendars.map(({ calendarType, credentialId, name, email, message }) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.textContent = "Disconnect";
    button.onclick = () => run(async () => {
      await call("disconnect", { calendarType, credentialId });
      await show();
    });
    item.append([name, email, message].filter(Boolean).join(", "), " ", button);
    return item;
  }));
  if (calendars.length === 0) connections.textContent = "No calendar is connected.";
}

async function run(action) {
  message.textContent = "";
  try {
    await action();
  } catch (error) {
    message.textContent = error.message;
  }
}

for (const button of document.querySelectorAll("[data-connect]")) {
  button.onclick = () => run(async () => {
    const { authUrl } = await call("oauth-connect-url?type=" + button.dataset.connect);
    location.assign(authUrl);
  });
}

await run(show);

// The user returns from the provider to this page. The result is in the URL.
const outcome = new URLSearchParams(location.search);
if (outcome.get("connected") === "true") message.textContent = "Connected.";
if (outcome.get("connected") === "false") message.textContent = "Not connected: " + outcome.get("reason");
`;

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
