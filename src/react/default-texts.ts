import { laterTexts } from "./later-texts.js";
import { startTexts } from "./start-texts.js";
import type { CalendarTexts } from "./calendar-texts.js";

/** The English texts. */
// Without the comment, bundlers keep all texts also on a page that does not import this.
export const defaultTexts: CalendarTexts = /* @__PURE__ */ Object.assign({}, startTexts, laterTexts);
