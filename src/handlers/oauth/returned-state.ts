import { parseJsonObject } from "../../lib/parse-json.js";
import { decryptAttempt, type Attempt } from "./oauth-state.js";
import type { HandlerContext } from "../types.js";
import { STATE_PARAMETER } from "./start-attempt.js";

/**
 * The attempt in a returned state: our own encrypted state, or Cal.com's state, whose `redir` carries ours. `null` for
 * anything else.
 */
export async function readState(value: string | undefined, context: HandlerContext): Promise<Attempt | null> {
  const state = value === undefined ? undefined : isCalState(value) ? ownStateIn(value) : value;
  if (state === undefined) return null;
  return decryptAttempt(context.options.encryptedJson, state, context.options.now());
}

/** Whether a state is one of Cal.com's: JSON, where ours begins with `eyJ`. */
export function isCalState(value: string): boolean {
  return value.startsWith("{");
}

function ownStateIn(calState: string): string | undefined {
  const redir = redirIn(calState);
  if (redir === undefined || !URL.canParse(redir)) return undefined;
  const values = new URL(redir).searchParams.getAll(STATE_PARAMETER);
  return values.length === 1 ? values[0] : undefined;
}

function redirIn(calState: string): string | undefined {
  const redir = parseJsonObject(calState)?.["redir"];
  return typeof redir === "string" ? redir : undefined;
}
