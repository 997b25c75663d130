import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from "@opentelemetry/sdk-trace-base";
import { openTelemetry } from "../../src/opentelemetry/index.js";

/** A span, with what is below it. */
export interface SpanTree {
  name: string;
  below: SpanTree[];
}

/** A value of a metric, with its attributes. */
export interface Measured {
  name: string;
  attributes: Record<string, unknown>;
  /** The value of a counter, or how many values a histogram has. */
  value: number;
}

/** An SDK of OpenTelemetry that keeps everything in memory. Nothing of it is global but the context manager. */
export function createTelemetry() {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const spans = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 2 ** 30 });
  const meters = new MeterProvider({ readers: [reader] });
  const tracer = provider.getTracer("test");
  return {
    tracer,
    provider,
    telemetry: openTelemetry({ tracer, meter: meters.getMeter("test") }),
    spans: (): ReadableSpan[] => spans.getFinishedSpans(),
    reset: () => spans.reset(),
    async measured(): Promise<Measured[]> {
      metrics.reset();
      await meters.forceFlush();
      return metrics
        .getMetrics()
        .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
        .flatMap(({ descriptor: { name }, dataPoints }) =>
          dataPoints.map(({ attributes, value }) => ({
            name,
            attributes,
            value: typeof value === "number" ? value : value.count,
          })),
        );
    },
    async end() {
      context.disable();
      await meters.shutdown();
      await provider.shutdown();
    },
  };
}

/** The spans as trees, each level in the order in which its spans began. */
export function treesOf(spans: readonly ReadableSpan[]): SpanTree[] {
  const belowOf = (parentId: string | undefined): SpanTree[] =>
    spans
      .filter((span) => span.parentSpanContext?.spanId === parentId)
      .sort((a, b) => a.startTime[0] - b.startTime[0] || a.startTime[1] - b.startTime[1])
      .map((span) => ({ name: span.name, below: belowOf(span.spanContext().spanId) }));
  return belowOf(undefined);
}

/** The trees as indented lines. */
export function linesOf(trees: readonly SpanTree[], indent = ""): string[] {
  return trees.flatMap(({ name, below }) => [`${indent}${name}`, ...linesOf(below, `${indent}  `)]);
}
