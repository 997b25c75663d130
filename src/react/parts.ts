import type { ComponentProps, ReactNode } from "react";
import type { PartialCalendarTexts } from "./calendar-texts.js";
import type { LoadedTexts } from "./later-texts.js";
import type { CalendarProvider, Connection } from "../browser/status.js";
import type { CalendarActivity, Optional } from "../browser/types.js";
import type { CalendarIntegrationState } from "./use-calendar-integration.js";

/** The parts that {@link CalendarIntegration} is made of. Each has the class `calbridge-{part}`. */
export type CalendarPart =
  | "root"
  | "notice"
  | "providers"
  | "provider"
  | "mark"
  | "name"
  | "state"
  | "actions"
  | "error"
  | "help"
  | "connection"
  | "calendars"
  | "button"
  | "form"
  | "field"
  | "dialog"
  | "picker"
  | "destination"
  | "conflicts"
  | "group";

/** The state of a provider. */
export type ProviderState = "loading" | "disconnected" | "connecting" | "connected" | "broken";

/** One provider, for `render.provider`. */
export interface ProviderView {
  provider: CalendarProvider;
  /** The provider's name. */
  name: string;
  state: ProviderState;
  /** The text for `state`. */
  stateText: string;
  connections: Connection[];
  /** The action in progress with this provider. */
  pending: CalendarActivity | null;
  /** The text for this provider's error. */
  error: string | null;
  integration: CalendarIntegrationState;
}

/** Whether a message is about a success or a failure. */
export type MessageKind = "notice" | "error";

/** A button, for `render.button`. All but `kind` and `isPending` are attributes of a `<button>`. */
export interface ButtonView extends Pick<
  ComponentProps<"button">,
  "aria-disabled" | "aria-labelledby" | "id" | "children" | "className" | "onClick" | "type"
> {
  kind: "primary" | "quiet" | "danger";
  isPending: boolean;
}

/** A connection, for `render.connection`. */
export interface ConnectionView {
  connection: Connection;
  provider: CalendarProvider;
  /** The connection's email address, or else the provider's name. */
  label: string;
  /** The button that connects it again, if it does not work. */
  reconnectButton: ReactNode;
  /** The button that opens the question whether to disconnect. */
  disconnectButton: ReactNode;
}

/** The form for Apple's credentials, for `render.appleForm`. */
export interface AppleFormView {
  isPending: boolean;
  error: string | null;
  /** Resolves with whether Apple accepted the credentials. */
  onSubmit: (credentials: { username: string; password: string }) => Promise<boolean>;
  /** Closes it without a change. */
  onCancel: () => void;
}

/** The question before a disconnect, or before a Cal.com account is linked or unlinked, for `render.confirm`. */
export interface ConfirmView {
  text: string;
  /** Does it. */
  onConfirm: () => void;
  /** Closes it without a change. */
  onCancel: () => void;
}

/**
 * Functions that render a part in place of the built-in one. They are called as functions, not mounted as components, so
 * that the elements they return keep their state when the functions change. Don't call hooks in them; render a component
 * that does.
 */
export interface CalendarRenderProps {
  /** One provider's card. */
  provider?: ((view: ProviderView) => ReactNode) | undefined;
  /** A provider's logo. `cal`: the mark of the row of the user's own Cal.com account. */
  mark?: ((provider: CalendarProvider | "cal") => ReactNode) | undefined;
  /** Any button. */
  button?: ((view: ButtonView) => ReactNode) | undefined;
  /** One connection. */
  connection?: ((view: ConnectionView) => ReactNode) | undefined;
  /** The form for Apple's user name and password. */
  appleForm?: ((view: AppleFormView) => ReactNode) | undefined;
  /** The question before a disconnect, or before a Cal.com account is linked or unlinked. */
  confirm?: ((view: ConfirmView) => ReactNode) | undefined;
  /** A message about a success or a failure. It is inside a live region. */
  message?: ((text: string, kind: MessageKind) => ReactNode) | undefined;
}

/** Options for the look of {@link CalendarIntegration}. */
export interface CalendarAppearance {
  /**
   * The providers to show, in this order.
   * @defaultValue `["google", "office365", "apple"]`
   */
  providers?: readonly CalendarProvider[] | undefined;
  /** Texts that replace the English ones. */
  texts?: PartialCalendarTexts | undefined;
  /** Classes to add to parts. */
  classNames?: Optional<Record<CalendarPart, string>> | undefined;
  /** Functions that replace built-in parts. */
  render?: CalendarRenderProps | undefined;
  /**
   * The heading level of the providers' names.
   * @defaultValue 3
   */
  headingLevel?: 2 | 3 | 4 | 5 | 6 | undefined;
}

/** The props that all parts share. */
export interface Ui {
  texts: LoadedTexts;
  render: CalendarRenderProps;
  heading: "h2" | "h3" | "h4" | "h5" | "h6";
  /** Returns the classes of a part. */
  classOf: (part: CalendarPart) => string;
  /** Whether a picker shows the calendars: then the accounts don't list them. */
  hasPicker: boolean;
  integration: CalendarIntegrationState;
}
