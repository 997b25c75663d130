import type { ComponentProps, ReactNode } from "react";
import type { PartialCalendarTexts, CalendarTexts } from "./texts.js";
import type { Connection, CalendarActivity, CalendarIntegrationState, CalendarProvider } from "./types.js";

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
  | "account"
  | "calendars"
  | "button"
  | "form"
  | "field"
  | "dialog";

/** How a provider stands. */
export type ProviderState = "loading" | "disconnected" | "connecting" | "connected" | "broken";

/** One provider, for `render.provider`. */
export interface ProviderView {
  provider: CalendarProvider;
  /** What to call it. */
  name: string;
  state: ProviderState;
  /** `state` in words. */
  stateText: string;
  accounts: Connection[];
  /** What is under way with this provider. */
  pending: CalendarActivity | null;
  /** What went wrong with this provider, in a sentence. */
  error: string | null;
  integration: CalendarIntegrationState;
}

/** Whether something has worked or went wrong. */
export type MessageKind = "notice" | "error";

/** A button, for `render.button`. All but `kind` and `isPending` are attributes of a `<button>`. */
export interface ButtonView extends Pick<
  ComponentProps<"button">,
  "aria-disabled" | "aria-labelledby" | "id" | "children" | "className" | "onClick" | "type"
> {
  kind: "primary" | "quiet" | "danger";
  isPending: boolean;
}

/** An account, for `render.account`. */
export interface AccountView {
  account: Connection;
  provider: CalendarProvider;
  /** Its address, or else the provider's name. */
  label: string;
  /** The button that asks whether to disconnect it. */
  disconnectButton: ReactNode;
}

/** Apple's form, for `render.appleForm`. */
export interface AppleFormView {
  isPending: boolean;
  error: string | null;
  /** Answers whether the credentials were taken. */
  onSubmit: (credentials: { username: string; password: string }) => Promise<boolean>;
  /** Closes it, and does nothing. */
  onCancel: () => void;
}

/** The question whether to disconnect, for `render.confirm`. */
export interface ConfirmView {
  text: string;
  /** Does it. */
  onConfirm: () => void;
  /** Closes it, and does nothing. */
  onCancel: () => void;
}

/**
 * Functions that render a part in place of the built-in one. They are called as functions, so that what they
 * hold keeps its state however often they are made anew: hooks belong into a component that they render.
 */
export interface CalendarRenderProps {
  /** One provider's card. */
  provider?: (view: ProviderView) => ReactNode;
  /** A provider's mark. */
  mark?: (provider: CalendarProvider) => ReactNode;
  /** Any button. */
  button?: (view: ButtonView) => ReactNode;
  /** One connected account. */
  account?: (view: AccountView) => ReactNode;
  /** The form for Apple's user name and password. */
  appleForm?: (view: AppleFormView) => ReactNode;
  /** The question before a disconnect. */
  confirm?: (view: ConfirmView) => ReactNode;
  /** What has just worked, or went wrong. Stands in a live region. */
  message?: (text: string, kind: MessageKind) => ReactNode;
}

/** How {@link CalendarIntegration} looks. */
export interface CalendarAppearance {
  /**
   * Which providers, in which order.
   * @defaultValue `["google", "office365", "apple"]`
   */
  providers?: readonly CalendarProvider[] | undefined;
  /** Texts in place of the English ones. */
  texts?: PartialCalendarTexts | undefined;
  /** Classes to add to parts. */
  classNames?: Partial<Record<CalendarPart, string>> | undefined;
  /** Parts of your own. */
  render?: CalendarRenderProps | undefined;
  /**
   * The level of the providers' headings.
   * @defaultValue 3
   */
  headingLevel?: 2 | 3 | 4 | 5 | 6 | undefined;
}

/** What every part needs. */
export interface Ui {
  texts: CalendarTexts;
  render: CalendarRenderProps;
  heading: "h2" | "h3" | "h4" | "h5" | "h6";
  /** The classes of a part. */
  classOf: (part: CalendarPart) => string;
  integration: CalendarIntegrationState;
}
