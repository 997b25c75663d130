import { useId, useRef, useState, type ReactNode } from "react";
import { stateOf } from "./integration-store.js";
import { appleForm } from "./apple-form.js";
import { button, message } from "./elements.js";
import type { AppleFormView, ConfirmView, ProviderState, ProviderView, Ui } from "./parts.js";
import { describeError, fill } from "./texts.js";
import type { Connection, CalendarProvider } from "./types.js";

/** How a provider stands. */
export function viewOf(provider: CalendarProvider, { integration, texts }: Ui): ProviderView {
  const { status, calendars } = integration;
  const own = <Of extends { provider?: CalendarProvider | undefined }>(one: Of | null): Of | null =>
    one?.provider === provider ? one : null;
  const error = own(integration.error);
  const accounts = calendars.filter(({ calendarType }) => calendarType === provider);
  const pending = own(integration.pending);
  const isConnecting = pending?.action.startsWith("connect");
  const state: ProviderState =
    status === "loading" ? status : isConnecting ? "connecting" : stateOf(accounts);
  return {
    provider,
    name: texts.providers[provider],
    state,
    stateText: texts[state],
    accounts,
    pending,
    error: error && describeError(error, texts),
    integration,
  };
}

/** A provider with its accounts, and all that can be done with it. */
export function ProviderCard({ ui, view }: { ui: Ui; view: ProviderView }): ReactNode {
  const { texts, classOf, render, integration, heading: Heading } = ui;
  const { provider, name, state, accounts, pending, error } = view;
  const id = useId();
  const card = useRef<HTMLLIElement>(null);
  const dialog = useRef<HTMLDialogElement>(null);
  const [isFormOpen, setFormOpen] = useState(false);
  const [asked, setAsked] = useState<Connection | null>(null);

  /** Where the focus was is gone: it stays with the provider, unless the user has moved on. */
  const keepFocus = (): void => {
    const { activeElement, body } = document;
    if (activeElement === body || card.current?.contains(activeElement)) card.current?.focus();
  };

  const connect = (): void => {
    if (provider !== "apple") return void integration.connect(provider);
    // What was said before is not about what begins now.
    integration.dismiss();
    setFormOpen(true);
  };

  const close = (): void => {
    // Gives the focus back to the button that opened it.
    dialog.current?.close();
    setAsked(null);
  };
  const confirm: ConfirmView = {
    text: fill(texts.confirm, asked?.email ?? name),
    onCancel: close,
    onConfirm: () => {
      close();
      void integration.disconnect(provider, { credentialId: asked?.credentialId }).then((isGone) => {
        if (isGone) keepFocus();
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
      const isTaken = await integration.connectApple(credentials);
      if (isTaken) closeForm();
      return isTaken;
    },
    onCancel: closeForm,
  };

  const account = (one: Connection): ReactNode => {
    const { credentialId, email } = one;
    // Google's first calendar is called like the account.
    const calendars = one.calendars.filter((calendar) => calendar.name !== email);
    const accountId = `${id}-${credentialId}`;
    const about = email ? accountId : id;
    const help = !credentialId
      ? texts.settling
      : !one.connected &&
        !error &&
        describeError({ action: "sync", code: one.reason ?? "provider_error", provider }, texts);
    // Before it is listed there is no number to end it by, and an administrator's is not the user's to end.
    const disconnectButton =
      credentialId > 0 &&
      !one.delegated &&
      button(
        ui,
        "quiet",
        texts.disconnect,
        () => {
          setAsked(one);
          dialog.current?.showModal();
        },
        {
          id: `${accountId}-end`,
          about,
          isPending: pending?.action === "disconnect" && pending.credentialId === credentialId,
        },
      );
    if (render.account) {
      return render.account({ account: one, provider, label: email ?? name, disconnectButton });
    }
    return (
      <div key={credentialId} className={classOf("account")}>
        <div>
          {email && <p id={accountId}>{email}</p>}
          {calendars.length > 0 && (
            <ul role="list" className={classOf("calendars")} aria-labelledby={about}>
              {calendars.map((calendar, index) => (
                <li key={index}>{calendar.name ?? calendar.externalId}</li>
              ))}
            </ul>
          )}
          {help && <p className={classOf("help")}>{fill(help, name)}</p>}
        </div>
        {disconnectButton}
      </div>
    );
  };

  const act = { id: `${id}-act`, about: id, isPending: !!pending && pending.action !== "disconnect" };
  return (
    <li
      ref={card}
      className={classOf("provider")}
      data-provider={provider}
      data-state={state}
      tabIndex={-1}
      aria-labelledby={id}
    >
      {/* The stylesheet has the marks. */}
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
          : state === "connected"
            ? accounts.every(({ credentialId }) => credentialId) &&
              button(ui, "quiet", texts.sync, () => void integration.sync(provider), act)
            : button(ui, "primary", accounts.length > 0 ? texts.reconnect : texts.connect, connect, act)}
      </div>
      <div role="alert" id={`${id}-error`}>
        {error && message(ui, "error", error)}
      </div>
      {accounts.map(account)}
      {isFormOpen && (render.appleForm ?? ((shown) => appleForm(ui, id, shown)))(form)}
      {render.confirm ? (
        asked && render.confirm(confirm)
      ) : (
        <dialog ref={dialog} className={classOf("dialog")} aria-label={confirm.text}>
          <p>{confirm.text}</p>
          <div className={classOf("actions")}>
            {button(ui, "quiet", texts.cancel, confirm.onCancel)}
            {button(ui, "danger", texts.disconnect, confirm.onConfirm)}
          </div>
        </dialog>
      )}
    </li>
  );
}
