import type { Socket } from "node:net";
import type { CalEmulator } from "../../../src/testing/index.js";
import { answer, startBadServer, type BadServer, type RawRequest } from "./bad-server.js";

/** What a gateway does with a request, before or instead of Cal.com's answer. */
export const faults = [
  "none",
  // Cal.com never hears of the request.
  "reset",
  "closed",
  "silence",
  "garbage",
  "502",
  "429",
  "portal",
  // Cal.com carries it out, and its answer is lost.
  "lost by a reset",
  "lost by a close",
  "lost in silence",
  "lost half-way",
  // It arrives.
  "slow",
  "last on its connection",
  "reset afterwards",
] as const;
type GatewayFault = (typeof faults)[number];

/** A request as the gateway saw it. */
export interface PassedRequest extends RawRequest {
  fault: GatewayFault;
  /** Cal.com's status, if it was asked. */
  status?: number;
}

export interface Gateway {
  url: string;
  passed: PassedRequest[];
  /** From now on nothing goes wrong any more. Resolves when what has begun is over. */
  calm(): Promise<void>;
  close(): Promise<void>;
}

// A gateway does not wait for ever, either.
const SILENCE_MS = 700;

/** What is going to happen to the requests, in turn: to those for new tokens, and to all others. */
export interface GatewayPlan {
  tokens: readonly GatewayFault[];
  calls: readonly GatewayFault[];
}

/** A gateway in front of the emulator. To each request it lets the next of the faults happen. */
export async function startGateway(emulator: CalEmulator, plan: GatewayPlan): Promise<Gateway> {
  const left = { tokens: [...plan.tokens], calls: [...plan.calls] };
  const passed: PassedRequest[] = [];
  const { origin } = new URL(emulator.url);

  async function askCal({ method, target, headers, body }: RawRequest) {
    const kept = Object.fromEntries(
      Object.entries(headers).filter(([name]) => name !== "host" && name !== "connection"),
    );
    const response = await emulator.fetch(`${origin}${target}`, {
      method,
      headers: kept,
      redirect: "manual",
      ...(body !== "" && { body }),
    });
    const fields = [...response.headers].map(([name, value]) => `${name}: ${value}`);
    const text = answer(await response.text(), {
      status: `${response.status} X`,
      headers: fields.filter((field) => !/^content-(length|type)/.test(field)),
    });
    return { status: response.status, text };
  }

  async function pass(socket: Socket, request: RawRequest): Promise<void> {
    const isForTokens = /refresh$/.test(request.target);
    const fault = left[isForTokens ? "tokens" : "calls"].shift() ?? "none";
    const seen: PassedRequest = { ...request, fault };
    passed.push(seen);
    if (await refuse(socket, fault)) return;
    const { status, text } = await askCal(request);
    seen.status = status;
    await deliver(socket, fault, text);
  }

  const underWay = new Set<Promise<void>>();
  const server: BadServer = await startBadServer(async (socket, request) => {
    const passing = pass(socket, request);
    underWay.add(passing);
    await passing.finally(() => underWay.delete(passing));
  });
  return {
    url: `${server.origin}${new URL(emulator.url).pathname}`,
    passed,
    async calm() {
      left.tokens.length = left.calls.length = 0;
      while (underWay.size > 0) await Promise.all(underWay);
    },
    close: () => server.close(),
  };
}

/** What happens to a request that Cal.com never hears of. Answers whether this is one. */
async function refuse(socket: Socket, fault: GatewayFault): Promise<boolean> {
  switch (fault) {
    case "reset":
      socket.resetAndDestroy();
      return true;
    case "closed":
      socket.end();
      return true;
    case "silence":
      await silence(socket);
      return true;
    case "garbage":
      socket.end("220 mail.example ESMTP\r\n");
      return true;
    case "502":
      socket.write(answer("<h1>Bad Gateway</h1>", { status: "502 Bad Gateway" }));
      return true;
    case "429":
      socket.write(answer("", { status: "429 Too Many", headers: ["Retry-After: 0.05"] }));
      return true;
    case "portal":
      socket.write(answer("<html>Welcome to the hotel</html>"));
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
    case "lost in silence":
      await silence(socket);
      return;
    case "lost half-way":
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

async function silence(socket: Socket): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, SILENCE_MS));
  socket.resetAndDestroy();
}
