/** @jest-environment jsdom */
// For Jest 29 with jsdom, as many applications test their pages: the component of the package, as it is installed.
const { act, createElement } = require("react");
const { createRoot } = require("react-dom/client");
const { CalendarIntegration } = require("calbridge/react");

/* global test, expect, document, window, location, AbortSignal, HTMLDialogElement */
globalThis.IS_REACT_ACT_ENVIRONMENT = true;

const connection = {
  calendarType: "google",
  integration: "google_calendar",
  credentialId: 7,
  name: "Google Calendar",
  email: "alice@gmail.example",
  connected: true,
  reason: null,
  message: null,
  delegated: false,
  calendars: [],
};

/** The application's server: who is connected, and what it was asked. */
function server() {
  const seen = [];
  let calendars = [];
  return {
    seen,
    connect: () => void (calendars = [connection]),
    fetch: async (url, init = {}) => {
      const path = url.replace(/^.*\/api\/cal/, "").replace(/\?.*/, "");
      seen.push(`${init.method ?? "GET"} ${path}`);
      if (path === "/calendars/disconnect") calendars = [];
      const data = { calendars, authUrl: `${location.href}#consent`, disconnected: [connection] };
      return { status: 200, text: async () => JSON.stringify({ success: true, data }) };
    },
  };
}

async function show(fetch) {
  const page = document.body.appendChild(document.createElement("main"));
  const root = createRoot(page);
  await act(async () => root.render(createElement(CalendarIntegration, { fetch })));
  return { page, remove: () => act(async () => root.unmount()) };
}

async function press(label, within) {
  const button = [...within.querySelectorAll("button")].find(({ textContent }) => textContent === label);
  if (!button) throw new Error(`There is no button ${label}: ${within.innerHTML}`);
  await act(async () => button.click());
}

test("the component loads, connects and disconnects", async () => {
  // The reason for this test.
  expect([AbortSignal.timeout, AbortSignal.any, HTMLDialogElement.prototype.showModal, window.fetch]).toEqual(
    [undefined, undefined, undefined, undefined],
  );
  const app = server();
  const before = await show(app.fetch);
  const google = before.page.querySelector('[data-provider="google"]');
  expect(before.page.textContent).not.toContain("alice@gmail.example");
  await press("Connect", google);
  expect(location.hash).toBe("#consent");
  await before.remove();

  // The user comes back from the provider's page.
  app.connect();
  window.history.replaceState(null, "", "/settings?calendarType=google&connected=true");
  const { page, remove } = await show(app.fetch);
  expect(page.textContent).toContain("alice@gmail.example");
  expect(location.search).toBe("");
  await press("Disconnect", page.querySelector(".calbridge-connection"));
  const dialog = page.querySelector('[data-provider="google"] dialog');
  expect(dialog.hasAttribute("open")).toBe(true);
  await press("Disconnect", dialog);
  expect(page.textContent).toContain("alice@gmail.example is disconnected.");
  expect(page.querySelector(".calbridge-connection")).toBeNull();
  await remove();
  expect(app.seen).toEqual([
    "GET /calendars/status",
    "GET /calendars/oauth-connect-url",
    "GET /calendars/status",
    "POST /calendars/disconnect",
  ]);
});
