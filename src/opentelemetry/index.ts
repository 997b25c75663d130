/**
 * Traces and metrics of the client and of the request handlers, with OpenTelemetry.
 *
 * @module calbridge/opentelemetry
 */
import {
  context,
  createContextKey,
  diag,
  SpanStatusCode,
  trace,
  type Attributes,
  type Meter,
  type Span,
  type Tracer,
} from "@opentelemetry/api";
import { hashUserId } from "../lib/digest.js";
import type { Operation, OperationResult, Telemetry } from "../lib/telemetry.js";
import { errorTypeOf, resultAttributes, serverAttributes, spanOf } from "./attributes.js";
import { createInstruments, type Instruments } from "./instruments.js";

/** Options of {@link openTelemetry}. */
export interface OpenTelemetryOptions {
  /**
   * Makes the spans.
   * @defaultValue `trace.getTracer("calbridge")`
   */
  tracer?: Tracer | undefined;
  /**
   * Makes the counters and the histogram.
   * @defaultValue `metrics.getMeter("calbridge")`, at the first measurement
   */
  meter?: Meter | undefined;
}

// What `suppressTracing()` of @opentelemetry/core sets. The API itself has no such function.
const SUPPRESS_TRACING = createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING");

/**
 * The client's `telemetry` for OpenTelemetry: spans of calls, requests, token refreshes, store calls, connection checks and handlers, and
 * metrics. No span, name or attribute holds a secret: paths are templates, users are hashes. Register the SDK first.
 *
 * Requests to Cal.com are hidden from the automatic instrumentation of `fetch`, which records URLs: that of `save`
 * has an access token in it.
 *
 * @example
 * ```ts
 * const cal = new CalClient({ managedUsers: { clientId, clientSecret }, tokenStore, telemetry: openTelemetry() });
 * ```
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): Telemetry {
  const { tracer = trace.getTracer("calbridge") } = options;
  let created: Instruments | undefined;
  // Not before: a meter that is got before the SDK is registered never measures.
  const instruments = (): Instruments => (created ??= createInstruments(options.meter));

  return {
    async trace<T>(operation: Operation, work: (report: (result: OperationResult) => void) => Promise<T>) {
      const result: OperationResult = {};
      let working: Promise<T> | undefined;
      // Once, whatever the tracer does. An async function: work that throws at once is work that has run.
      const begin = (): Promise<T> =>
        (working ??= (async () => work((reported) => void Object.assign(result, reported)))());
      await quietly(() => {
        const { name, options: spanOptions } = spanOf(operation);
        return tracer.startActiveSpan(name, spanOptions, async (span) => {
          const startedAt = performance.now();
          const userHash = quietly(() => userHashOf(operation, span));
          const failure = await failureOf(begin());
          const errorType = errorTypeOf(operation, result, failure);
          const hash = await userHash;
          await quietly(() => endSpan(span, { ...resultAttributes(result), ...hash }, errorType));
          if (operation.kind === "attempt") {
            instruments().recordRequest(performance.now() - startedAt, {
              ...serverAttributes(operation),
              ...(result.status !== undefined && { "http.response.status_code": result.status }),
              ...(errorType !== undefined && { "error.type": errorType }),
            });
          }
        });
      });
      // Its own result, not the tracer's: a refresh whose span fails has issued tokens that must be stored.
      return begin();
    },

    count: (event) => void quietly(() => instruments().count(event)),

    wrapFetch:
      (fetch) =>
      (...request) =>
        context.with(context.active().setValue(SUPPRESS_TRACING, true), () => fetch(...request)),
  };
}

/** Ends the span, also if the SDK refuses what it should say. */
function endSpan(span: Span, attributes: Attributes, errorType: string | undefined): void {
  try {
    span.setAttributes(attributes);
    if (errorType !== undefined) {
      span.setAttribute("error.type", errorType);
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
  } finally {
    span.end();
  }
}

/** Waits for the end of the work, and returns how it failed. */
async function failureOf(work: Promise<unknown>): Promise<{ error: unknown } | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return { error };
  }
}

/** Runs what only observes. If it throws, such as in a span processor, OpenTelemetry's own diagnostics say so. */
async function quietly<T>(observe: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await observe();
  } catch (error) {
    diag.error("calbridge: a span or a measurement could not be recorded", error);
    return undefined;
  }
}

/** The hash by which a user's spans are found. Computed during the work, and only for spans that are kept. */
async function userHashOf(operation: Operation, span: Span): Promise<{ "user.hash"?: string }> {
  if (!("userId" in operation) || operation.userId === undefined || !span.isRecording()) return {};
  return { "user.hash": await hashUserId(operation.userId) };
}
