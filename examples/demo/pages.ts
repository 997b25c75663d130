import type { SyncResult, TokensInfo } from "calbridge";
import { html } from "hono/html";

type Html = ReturnType<typeof html>;

const style = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
  section { margin: 2rem 0; }
  form { display: inline; }
  button { font: inherit; padding: 0.3rem 0.9rem; cursor: pointer; }
  table { border-collapse: collapse; width: 100%; table-layout: fixed; }
  th, td { text-align: left; padding: 0.2rem 0.6rem 0.2rem 0; overflow-wrap: anywhere; vertical-align: top; }
  th { width: 14rem; font-weight: 600; }
`;

const names: Record<string, string> = { google: "Google Calendar", office365: "Office 365" };

/** Who are you? */
export function signInPage(users: { id: string; name: string }[]): Html {
  return page(
    "Sign in",
    html`${users.map(
      ({ id, name }) =>
        html`<form method="post" action="/sign-in">
          <input type="hidden" name="id" value="${id}" />
          <button>Sign in as ${name}</button>
        </form> `,
    )}`,
  );
}

/** The user's calendars, and what happens underneath. */
export function settingsPage(view: {
  name: string;
  connections: ({ provider: string } & SyncResult)[];
  rows: Record<string, unknown>[];
  tokenEvents: TokensInfo[];
  isEmulated: boolean;
}): Html {
  return page(
    "Calendars",
    html`<p>Signed in as ${view.name}.</p>
      ${view.connections.map(connection)} ${view.isEmulated ? emulatorControls() : ""}
      <section>
        <h2>Tokens</h2>
        ${
          view.tokenEvents.length === 0
            ? html`<p>No refresh so far.</p>`
            : html`<ol>
                ${view.tokenEvents.map(
                  ({ userId, outcome, fingerprint }) =>
                    html`<li>${userId}: ${outcome} ${fingerprint ?? ""}</li>`,
                )}
              </ol>`
        }
        <h3>The table "CalendarIntegration"</h3>
        ${view.rows.map(
          (row) =>
            html`<table>
              ${Object.entries(row).map(
                ([column, value]) =>
                  html`<tr>
                    <th scope="row">${column}</th>
                    <td>${shorten(value)}</td>
                  </tr>`,
              )}
            </table>`,
        )}
      </section>`,
  );
}

function connection({ provider, status, connectedCalendars }: { provider: string } & SyncResult): Html {
  const name = names[provider] ?? provider;
  return html`<section>
    <h2>${name}</h2>
    ${
      status.connected
        ? html`<p>Connected.</p>
            <ul>
              ${connectedCalendars.flatMap(({ calendars }) => calendars.map((calendar) => html`<li>${calendar.name}</li>`))}
            </ul>
            ${button(`/disconnect/${provider}`, `Disconnect ${name}`)}`
        : html`<p>${status.message}</p>
            ${button(`/connect/${provider}`, `Connect ${name}`)}`
    }
  </section>`;
}

function emulatorControls(): Html {
  return html`<section>
    <h2>Try it</h2>
    ${button("/emulator/hour", "Let an hour pass")}
    ${button("/emulator/lose-refresh", "Let an hour pass and lose the next refresh")}
  </section>`;
}

function button(action: string, label: string): Html {
  return html`<form method="post" action="${action}"><button>${label}</button></form> `;
}

function shorten(value: unknown): string {
  const text = value instanceof Date ? value.toISOString() : String(value);
  return text.length > 72 ? `${text.slice(0, 72)}…` : text;
}

function page(title: string, body: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · calbridge demo</title>
        <style>
          ${style}
        </style>
      </head>
      <body>
        <h1>${title}</h1>
        ${body}
      </body>
    </html>`;
}
