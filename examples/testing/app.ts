import { CalClient, type CalClientOptions } from "calbridge";
import { createCalHandlers } from "calbridge/handlers";
import { toNodeHandler } from "calbridge/node";
import { createServer, type Server } from "node:http";

const page = `<!doctype html>
<html lang="en">
<title>Calendars</title>
<link rel="icon" href="data:,">
<h1>Calendars</h1>
<p role="status"></p>
<button id="connect">Connect Google Calendar</button>
<button id="check">Check again</button>
<script type="module">
const showMessage = (text) => (document.querySelector("[role=status]").textContent = text);
async function call(path) {
  const { success, data, error } = await (await fetch("/api/cal/calendars/" + path)).json();
  if (!success) showMessage(error.message);
  return data;
}
async function showStatus() {
  showMessage("Loading…");
  const data = await call("status");
  if (data) showMessage(data.calendars.map(({ email }) => "Connected: " + email).join() || "Not connected");
}
document.querySelector("#check").onclick = showStatus;
document.querySelector("#connect").onclick = async () => {
  const data = await call("oauth-connect-url?type=google");
  if (data) location.assign(data.authUrl);
};
await showStatus();
</script>
</html>`;

/** A small application with a settings page. A cookie has the id of the signed-in user. */
export function createApp(appUrl: string, options: CalClientOptions): Server {
  const handlers = createCalHandlers({
    client: new CalClient(options),
    authenticate: (request) => {
      const [, userId] = /session=(\w+)/.exec(request.headers.get("cookie") ?? "") ?? [];
      return userId === undefined ? null : { userId, email: `${userId}@example.com`, name: userId };
    },
    stateSecret: "a-secret-for-tests-of-32-characters-or-more",
    appUrl,
    successUrl: "/settings",
  });
  const calendars = toNodeHandler(handlers.handle);
  return createServer((request, response) => {
    if (request.url?.startsWith("/api/cal/")) return void calendars(request, response);
    response.setHeader("content-type", "text/html; charset=utf-8").end(page);
  });
}
