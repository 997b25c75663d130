import { useId, useRef, useState, type ReactNode } from "react";
import { stateOf } from "../browser/connections.js";
import type { CalendarProvider } from "../browser/status.js";
import { accountRow, type AccountRowInput } from "./account-row.js";
import { card, keepFocus } from "./card.js";
import { button } from "./elements.js";
import { later } from "./later.js";
import type { AppleFormView, ProviderState, ProviderView, Ui } from "./parts.js";
import { describeError, fill } from "./texts.js";
import { useQuestion } from "./use-question.js";

const AppleForm = later(() => import("./apple-form.js").then(({ AppleForm }) => AppleForm));

/** The state of a provider, in the form that `render.provider` receives. */
export function viewOf(provider: CalendarProvider, { integration, texts }: Ui): ProviderView {
  const { status, calendars } = integration;
  const own = <Of extends { provider?: CalendarProvider | undefined }>(value: Of | null): Of | null =>
    value?.provider === provider ? value : null;
  // The picker shows why a calendar could not be changed.
  const error = integration.error?.calendar ? null : own(integration.error);
  const connections = calendars.filter(({ calendarType }) => calendarType === provider);
  // Other providers can be used while a consent page is open in its own window.
  const pending = own(integration.pending) ?? integration.popups.find(own) ?? null;
  const state: ProviderState =
    status === "loading"
      ? status
      : pending?.action.startsWith("connect")
        ? "connecting"
        : stateOf(connections);
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
  const { texts, classOf, render, integration } = ui;
  const { provider, name, state, connections, pending, error } = view;
  const id = useId();
  const ref = useRef<HTMLLIElement>(null);
  const [question, ask] = useQuestion(ui);
  const [isFormOpen, setFormOpen] = useState(false);

  const connect = (options?: { another?: boolean; credentialId?: number }): void => {
    if (provider !== "apple") return void integration.connect(provider, options);
    // Earlier messages are not about this attempt.
    integration.dismiss();
    setFormOpen(true);
  };

  const closeForm = (): void => {
    keepFocus(ref);
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
    onDisconnect: ({ email, credentialId }) =>
      ask({
        text: ({ confirm }) => fill(confirm, email ?? name),
        action: texts.disconnect,
        onConfirm: () =>
          void integration
            .disconnect(provider, { credentialId })
            .then((isDisconnected) => isDisconnected && keepFocus(ref)),
      }),
  };
  // Cal.com does not list a new Apple connection for some seconds.
  const isListed = connections.every(({ credentialId }) => credentialId);
  const isConnecting = state === "connecting";
  const about = { id: `${id}-action`, about: id };
  const isQuiet = state === "loading" || isFormOpen;
  return card(
    ui,
    {
      ...view,
      id,
      ref,
      actions:
        !isQuiet &&
        (connections.length === 0
          ? button(ui, "primary", texts.connect, () => connect(), { ...about, isPending: isConnecting })
          : isListed &&
            button(ui, "quiet", texts.sync, () => void integration.sync(provider), {
              ...about,
              isPending: pending?.action === "sync",
            })),
    },
    connections.map((connection, index) => accountRow(ui, connection, index, row)),
    connections.length > 0 && isListed && !isFormOpen && (
      <div className={classOf("actions")}>
        {button(ui, "quiet", texts.another, () => connect({ another: true }), {
          id: `${id}-another`,
          about: id,
          isPending: isConnecting && !pending?.credentialId,
        })}
      </div>
    ),
    isFormOpen && (render.appleForm ? render.appleForm(form) : <AppleForm ui={ui} id={id} view={form} />),
    question,
  );
}
