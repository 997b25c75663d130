import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider, ConsoleSpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import type { Telemetry } from "calbridge";
import { openTelemetry } from "calbridge/opentelemetry";

/** Prints each span when it ends. An application registers its own SDK, usually with an exporter to a collector. */
export function printSpans(): Telemetry {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const spanProcessors = [new SimpleSpanProcessor(new ConsoleSpanExporter())];
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }));
  return openTelemetry();
}
