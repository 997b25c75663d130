import { note, ok, type Finding } from "../checks/finding.js";
import {
  checkAccount,
  checkCalls,
  checkRefresh,
  checkUnavailable,
  type Linked,
  type ServerKind,
} from "./steps.js";

const steps = [checkAccount, checkCalls, checkUnavailable, checkRefresh];

/** Goes through what this grant rests on, and says which kind of server this is. */
export async function verify(linked: Linked): Promise<Finding[]> {
  const findings: Finding[] = [];
  const kinds = new Set<ServerKind>();
  for (const step of steps) {
    const result = await step(linked);
    findings.push(...result.findings);
    if (result.kind) kinds.add(result.kind);
  }
  return [...findings, conclusion(kinds, findings)];
}

function conclusion(kinds: ReadonlySet<ServerKind>, findings: readonly Finding[]): Finding {
  const differs = findings.filter(({ level }) => level !== "ok").length;
  const report =
    "If it is a server of Cal.com's, please report this output to calbridge: it has no secret in it.";
  if (kinds.size > 1) {
    return note("In some points the server behaves as a strict one, in others as a lenient one.", report);
  }
  const [kind = "strict"] = kinds;
  if (differs > 0) return note(`The server behaves as a ${kind} one, with the differences above.`, report);
  return ok(`The server behaves as calbridge expects of a ${kind} one.`);
}
