import type { CalHandlersOptions } from "./options.js";

const names: Record<keyof CalHandlersOptions, true> = {
  client: true,
  authenticate: true,
  secret: true,
  baseUrl: true,
  basePath: true,
  successUrl: true,
  errorUrl: true,
  allowedOrigins: true,
  googleRedirectUrl: true,
  officeRedirectUrl: true,
  maxBodyBytes: true,
  onConnected: true,
  onDisconnected: true,
  onError: true,
  logger: true,
  now: true,
};

/** The options that `createCalHandlers()` has. */
export const optionNames: readonly string[] = Object.keys(names);
