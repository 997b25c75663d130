import type { ReactNode } from "react";
import type { Connection } from "../browser/status.js";
import { button } from "./elements.js";
import { later } from "./later.js";
import type { ProviderView, Ui } from "./parts.js";
import { describeError, fill } from "./texts.js";

const DatedText = later(() => import("./dated-text.js").then(({ DatedText }) => DatedText));

/** What an account's row needs of its provider's card. */
export interface AccountRowInput {
  /** The id of the card's name. */
  cardId: string;
  view: ProviderView;
  onReconnect: (connection: Connection) => void;
  /** Asks whether to disconnect it. */
  onDisconnect: (connection: Connection) => void;
}

/** One account of a provider: its address, its state and since when, what to do, and its buttons. */
export function accountRow(
  ui: Ui,
  connection: Connection,
  index: number,
  { cardId, view, onReconnect, onDisconnect }: AccountRowInput,
): ReactNode {
  const { texts, classOf, render } = ui;
  const { provider, name, pending, error, connections } = view;
  const { credentialId, email, connected } = connection;
  // All delegated connections have the credentialId -1.
  const key = credentialId > 0 ? credentialId : `n${index}`;
  const id = `${cardId}-${key}`;
  const about = email ? id : cardId;
  // A connection that Cal.com does not list yet has no credentialId, and delegated access is the administrator's:
  // the user can't change either.
  const isOwn = credentialId > 0 && !connection.delegated;
  const isPending = (action: string): boolean =>
    pending?.action === action && pending.credentialId === credentialId;

  const reconnectButton =
    isOwn &&
    !connected &&
    button(ui, "primary", texts.reconnect, () => onReconnect(connection), {
      id: `${id}-reconnect`,
      about,
      isPending: isPending("connect"),
    });
  const disconnectButton =
    isOwn &&
    button(ui, "quiet", texts.disconnect, () => onDisconnect(connection), {
      id: `${id}-disconnect`,
      about,
      isPending: isPending("disconnect"),
    });
  if (render.connection) {
    return render.connection({
      connection,
      provider,
      label: email ?? name,
      reconnectButton,
      disconnectButton,
    });
  }

  const help = !credentialId
    ? texts.notListedYet
    : !connected &&
      describeError({ action: "sync", code: connection.reason ?? "provider_error", provider }, texts);
  const since = connected ? null : connection.since;
  // Google's main calendar has the address as its name, which is shown already.
  const calendars = ui.hasPicker ? [] : connection.calendars.filter((calendar) => calendar.name !== email);
  return (
    <div key={key} className={classOf("connection")} data-connected={connected}>
      <div>
        {email && <p id={id}>{email}</p>}
        {/* With one account, the card says it. */}
        {connections.length > 1 && (
          <p className={classOf("state")}>{connected ? texts.connected : texts.broken}</p>
        )}
        {calendars.length > 0 && (
          <ul role="list" className={classOf("calendars")} aria-labelledby={about}>
            {calendars.map((calendar, index) => (
              <li key={index}>{calendar.name ?? calendar.externalId}</li>
            ))}
          </ul>
        )}
        {since && <DatedText ui={ui} name="brokenSince" instant={since} />}
        {/* The error of the card may say the same. */}
        {help && help !== error && <p className={classOf("help")}>{fill(help, name)}</p>}
      </div>
      {isOwn && (
        <div className={classOf("actions")}>
          {reconnectButton}
          {disconnectButton}
        </div>
      )}
    </div>
  );
}
