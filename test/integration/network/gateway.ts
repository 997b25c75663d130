import type { Socket } from "node:net";
import type { CalEmulator } from "../../../src/testing/index.js";
import { responseText, startBadServer, type BadServer, type RawRequest } from "./bad-server.js";

/** What a gateway does with a request. */
export const faults = [
  "none",
  // Cal.com does not receive the request.
  "reset",
  "closed",
  "no response",
  "garbage",
  "502",
  "429",
  "sign-in page",
  // Cal.com processes the request, and the response is lost.
  "lost by a reset",
  "lost by a close",
  "lost without an end",
  "lost in the middle",
  // The response arrives.
  "slow",
  "last on its connection",
  "reset afterwards",
] as const;
type GatewayFault = (typeof faults)[number];

/** A request as the gateway saw it. */
export interface PassedRequest extends RawRequest {
  fault: GatewayFault;
  /** Cal.com's status, if it received the request. */
  status?: number;
}

export interface Gateway {
  url: string;
  passed: PassedRequest[];
  /** Stops all faults. Resolves when the requests in progress have ended. */
  stopFaults(): Promise<void>;
  close(): Promise<void>;
}

// The time after which the gateway resets a connection without a response.
const NO_RESPONSE_MS = 700;

/** The faults of the requests for new tokens and of all other requests, in order. */
export interface GatewayPlan {
  tokens: readonly GatewayFault[];
  calls: readonly GatewayFault[];
}

/** A gateway in front of the emulator. Each request gets the next fault of the plan. */
export async function startGateway(emulator: CalEmulator, plan: GatewayPlan): Promise<Gateway> {
  const remaining = { tokens: [...plan.tokens], calls: [...plan.calls] };
  const passed: PassedRequest[] = [];
  const { origin } = new URL(emulator.url);

  async function callCal({ method, target, headers, body }: RawRequest) {
    const forwarded = Object.fromEntries(
      Object.entries(headers).filter(([name]) => name !== "host" && name !== "connection"),
    );
    const response = await emulator.fetch(`${origin}${target}`, {
      method,
      headers: forwarded,
      redirect: "manual",
      ...(body !== "" && { body }),
    });
    const fields = [...response.headers].map(([name, value]) => `${name}: ${value}`);
    const text = responseText(await response.text(), {
      status: `${response.status} X`,
      headers: fields.filter((field) => !/^content-(length|type)/.test(field)),
    });
    return { status: response.status, text };
  }

  async function pass(socket: Socket, request: RawRequest): Promise<void> {
    const isForTokens = /refresh$/.test(request.target);
    const fault = remaining[isForTokens ? "tokens" : "calls"].shift() ?? "none";
    const seen: PassedRequest = { ...request, fault };
    passed.push(seen);
    if (await failBefore(socket, fault)) return;
    const { status, text } = await callCal(request);
    seen.status = status;
    await deliver(socket, fault, text);
  }

  const inProgress = new Set<Promise<void>>();
  const server: BadServer = await startBadServer(async (socket, request) => {
    const passing = pass(socket, request);
    inProgress.add(passing);
    await passing.finally(() => inProgress.delete(passing));
  });
  return {
    url: `${server.origin}${new URL(emulator.url).pathname}`,
    passed,
    async stopFaults() {
      remaining.tokens.length = remaining.calls.length = 0;
      while (inProgress.size > 0) await Promise.all(inProgress);
    },
    close: () => server.close(),
  };
}

/** Handles the faults for which Cal.com does not receive the request. Returns whether this is one of them. */
async function failBefore(socket: Socket, fault: GatewayFault): Promise<boolean> {
  switch (fault) {
    case "reset":
      socket.resetAndDestroy();
      return true;
    case "closed":
      socket.end();
      return true;
    case "no response":
      await neverRespond(socket);
      return true;
    case "garbage":
      socket.end("220 mail.example ESMTP\r\n");
      return true;
    case "502":
      socket.write(responseText("<h1>Bad Gateway</h1>", { status: "502 Bad Gateway" }));
      return true;
    case "429":
      socket.write(responseText("", { status: "429 Too Many", headers: ["Retry-After: 0.05"] }));
      return true;
    case "sign-in page":
      socket.write(responseText("<html>Sign in to the network</html>"));
      return true;
    default:
      return false;
  }
}

async function deliver(socket: Socket, fault: GatewayFault, text: string): Promise<void> {
  switch (fault) {
    case "lost by a reset":
      socket.resetAndDestroy();
      return;
    case "lost by a close":
      socket.end();
      return;
    case "lost without an end":
      await neverRespond(socket);
      return;
    case "lost in the middle":
      socket.end(text.slice(0, -20));
      return;
    case "slow":
      for (const piece of text.match(/[^]{1,100}/g) ?? []) {
        socket.write(piece);
        await new Promise(setImmediate);
      }
      return;
    case "last on its connection":
      socket.end(text);
      return;
    case "reset afterwards":
      socket.write(text);
      await new Promise((resolve) => setTimeout(resolve, 20));
      socket.resetAndDestroy();
      return;
    default:
      socket.write(text);
  }
}

async function neverRespond(socket: Socket): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, NO_RESPONSE_MS));
  socket.resetAndDestroy();
}
