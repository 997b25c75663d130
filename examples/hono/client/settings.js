// The settings page, without a framework. In React, <CalendarIntegration> of calbridge/react replaces all of this.
import { createCalendarIntegration } from "calbridge/browser";

const calendars = createCalendarIntegration();
const find = (selector) => document.querySelector(selector);

const errors = {
  access_denied: "Nothing was connected. Try again and allow access.",
  not_connected:
    "Nothing was connected. Try again and allow access, unless this account is connected already.",
  different_account: "You chose another account. Choose the one to reconnect.",
  revoked: "The account no longer gives access. Reconnect it.",
  unauthenticated: "You are signed out. Sign in, then try again.",
  network_error: "The server can’t be reached. Try again in a moment.",
};

/** Creates an element. Names and addresses of calendars are inserted as text, never as HTML. */
function create(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function button(id, text, onclick) {
  return create("button", { id, type: "button", onclick }, text);
}

function account({ calendarType, credentialId, name, email, connected, message, delegated }) {
  const label = email ?? name;
  const item = create("li", {}, create("b", {}, label), ` ${connected ? "Connected" : message} `);
  // An administrator has given this access, or Cal.com does not list the account yet.
  if (delegated || credentialId < 1) return item;
  if (!connected && calendarType !== "apple") {
    const reconnect = () => calendars.connect(calendarType, { credentialId });
    item.append(button(`reconnect-${credentialId}`, `Reconnect ${label}`, reconnect), " ");
  }
  const disconnect = () => {
    if (confirm(`Disconnect ${label}?`)) calendars.disconnect(calendarType, { credentialId });
  };
  item.append(button(`disconnect-${credentialId}`, `Disconnect ${label}`, disconnect));
  return item;
}

/** The calendars of an account that are checked for conflicts. */
function conflicts({ credentialId, integration, name, email, calendars: own }) {
  const rows = own.map(({ externalId, name: title, isSelected }, index) => {
    const checkbox = create("input", {
      id: `calendar-${integration}-${credentialId}-${index}`,
      type: "checkbox",
      checked: isSelected,
      // The id of an ICS feed is secret, and can't be sent from here.
      disabled: externalId === null,
      onchange: () => calendars.selectCalendar({ credentialId, integration, externalId }, checkbox.checked),
    });
    return create("div", {}, create("label", {}, checkbox, ` ${title ?? name}`));
  });
  return create("fieldset", {}, create("legend", {}, `Checked for conflicts: ${email ?? name}`), ...rows);
}

/** The calendars of an account that bookings can be written to. */
function destinations({ credentialId, integration, name, email, calendars: own }) {
  const options = own
    .filter(({ externalId, readOnly }) => externalId !== null && !readOnly)
    .map(({ externalId, name: title, isDestination }) =>
      create("option", {
        value: JSON.stringify({ credentialId, integration, externalId }),
        text: title ?? name,
        defaultSelected: isDestination,
      }),
    );
  return create("optgroup", { label: email ?? name }, ...options);
}

let shownDestinations = "";
let destinationTimer;

/** Replaces the options only if they have changed: the list may be open. */
function showDestinations(groups) {
  const first = create("option", { value: "", text: "Choose a calendar", disabled: true });
  const html = [first, ...groups].map(({ outerHTML }) => outerHTML).join("");
  // Not while the user chooses: what they have chosen is sent in a moment.
  if (html === shownDestinations || destinationTimer) return;
  shownDestinations = html;
  const select = find("#destination");
  select.replaceChildren(first, ...groups);
  if (!groups.some((group) => group.querySelector("[selected]"))) select.value = "";
}

function show({ status, calendars: connections, error, result, pending }) {
  // The elements are made anew. The one that had the focus gets it back, or else the list.
  const focused = document.activeElement?.id;
  const readable = connections.filter((connection) => connection.calendars.length > 0);
  find("#accounts").replaceChildren(...connections.map(account));
  find("#conflicts").replaceChildren(...readable.map(conflicts));
  showDestinations(readable.map(destinations));
  find("#picker").hidden = readable.length === 0;
  if (focused) (document.getElementById(focused) ?? find("#accounts")).focus();

  const isEmpty = status === "disconnected" && "No calendar is connected.";
  const working = status === "loading" || pending ? "One moment…" : isEmpty || "";
  find("#message").textContent = result?.action === "connect" ? "Connected." : working;
  find("#error").textContent = error ? (errors[error.code] ?? "Something went wrong. Try again later.") : "";
}

for (const element of document.querySelectorAll("[data-connect]")) {
  // `another`: the provider asks which account to use, also if one is connected.
  element.onclick = () => calendars.connect(element.dataset.connect, { another: true });
}
find("#destination").onchange = ({ target: { value } }) => {
  clearTimeout(destinationTimer);
  // With the arrow keys the user passes through all calendars on the way to the wanted one.
  destinationTimer = setTimeout(() => {
    destinationTimer = undefined;
    calendars.setDestination(JSON.parse(value));
  }, 700);
};

calendars.subscribe(show);
// Loads the status, and reads from the address how the consent page has ended.
calendars.start();
