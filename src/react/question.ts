import type { CalendarTexts } from "./calendar-texts.js";

/** A question that a card asks before something is ended. */
export interface Question {
  text: (texts: CalendarTexts) => string;
  /** The text of the button that says yes. */
  action: string;
  onConfirm: () => void;
}
