import { useId, useRef, useState, type ReactNode } from "react";
import { stateOf } from "../browser/connections.js";
import type { CalendarProvider, Connection } from "../browser/status.js";
import { accountRow, type AccountRowInput } from "./account-row.js";
import { appleForm } from "./apple-form.js";
import { confirmDialog, useDialog, type Question } from "./confirm-dialog.js";
import { button, message } from "./elements.js";
import type { AppleFormView, ProviderState, ProviderView, Ui } from "./parts.js";
import { describeError, fill } from "./texts.js";

/** The state of a provider, in the form that `render.provider` receives. */
export function viewOf(provider: CalendarProvider, { integration, texts }: Ui): ProviderView {
  const { status, calendars } = integration;
  const own = <Of extends { provider?: CalendarProvider | undefined }>(value: Of | null): Of | null =>
    value?.provider === provider ? value : null;
  // The picker tells why a calendar could not be changed.
  const error = integration.error?.calendar ? null : own(integration.error);
  const connections = calendars.filter(({ calendarType }) => calendarType === provider);
  // A consent page in a window of its own is no reason to wait for other providers.
  const pending = own(integration.pending) ?? integration.popups.find(own) ?? null;
  const isConnecting = pending?.action.startsWith("connect");
  const state: ProviderState =
    status === "loading" ? status : isConnecting ? "connecting" : stateOf(connections);
  return {
    provider,
    name: texts.providers[provider],
    state,
    stateText: texts[state],
    connections,
    pending,
    error: error && describeError(error, texts),
    integration,
  };
}

/** A provider with its connections and its buttons. */
export function ProviderCard({ ui, view }: { ui: Ui; view: ProviderView }): ReactNode {
  const { texts, classOf, render, integration, heading: Heading } = ui;
  const { provider, name, state, connections, pending, error } = view;
  const id = useId();
  const card = useRef<HTMLLIElement>(null);
  const dialog = useDialog();
  const [isFormOpen, setFormOpen] = useState(false);
  // The connection that the question "Disconnect?" is about.
  const [toDisconnect, setToDisconnect] = useState<Connection | null>(null);

  /** Moves the focus to the card when the focused element is removed, unless the user has moved it elsewhere. */
  const keepFocus = (): void => {
    const { activeElement, body } = document;
    if (activeElement === body || card.current?.contains(activeElement)) card.current?.focus();
  };

  const connect = (options?: { another?: boolean; credentialId?: number }): void => {
    if (provider !== "apple") return void integration.connect(provider, options);
    // Earlier messages are not about this attempt.
    integration.dismiss();
    setFormOpen(true);
  };

  const close = (): void => {
    dialog.close();
    setToDisconnect(null);
  };
  const confirm: Question = {
    text: fill(texts.confirm, toDisconnect?.email ?? name),
    action: texts.disconnect,
    onCancel: close,
    onConfirm: () => {
      close();
      void integration.disconnect(provider, { credentialId: toDisconnect?.credentialId }).then((worked) => {
        if (worked) keepFocus();
      });
    },
  };

  const closeForm = (): void => {
    keepFocus();
    setFormOpen(false);
  };
  const form: AppleFormView = {
    isPending: pending?.action === "connectApple",
    error,
    onSubmit: async (credentials) => {
      const isAccepted = await integration.connectApple(credentials);
      if (isAccepted) closeForm();
      return isAccepted;
    },
    onCancel: closeForm,
  };

  const row: AccountRowInput = {
    cardId: id,
    view,
    onReconnect: ({ credentialId }) => connect({ credentialId }),
    onDisconnect(connection) {
      setToDisconnect(connection);
      dialog.open();
    },
  };
  // Cal.com does not list a new Apple connection for some seconds.
  const isListed = connections.every(({ credentialId }) => credentialId);
  const isConnecting = pending?.action.startsWith("connect");
  return (
    <li
      ref={card}
      className={classOf("provider")}
      data-provider={provider}
      data-state={state}
      tabIndex={-1}
      aria-labelledby={id}
    >
      {/* The stylesheet contains the logos. */}
      <span className={classOf("mark")} aria-hidden="true">
        {render.mark?.(provider)}
      </span>
      <div>
        <Heading id={id} className={classOf("name")}>
          {name}
        </Heading>
        <p className={classOf("state")}>{view.stateText}</p>
      </div>
      <div className={classOf("actions")}>
        {state === "loading" || isFormOpen
          ? null
          : connections.length === 0
            ? button(ui, "primary", texts.connect, () => connect(), {
                id: `${id}-action`,
                about: id,
                isPending: isConnecting,
              })
            : isListed &&
              button(ui, "quiet", texts.sync, () => void integration.sync(provider), {
                id: `${id}-action`,
                about: id,
                isPending: pending?.action === "sync",
              })}
      </div>
      <div role="alert" id={`${id}-error`}>
        {error && message(ui, "error", error)}
      </div>
      {connections.map((connection, index) => accountRow(ui, connection, index, row))}
      {connections.length > 0 && isListed && !isFormOpen && (
        <div className={classOf("actions")}>
          {button(ui, "quiet", texts.another, () => connect({ another: true }), {
            id: `${id}-another`,
            about: id,
            isPending: isConnecting && !pending?.credentialId,
          })}
        </div>
      )}
      {isFormOpen && (render.appleForm ?? ((view) => appleForm(ui, id, view)))(form)}
      {confirmDialog(ui, dialog.ref, toDisconnect !== null, confirm)}
    </li>
  );
}
