import { metrics, type Attributes, type Meter } from "@opentelemetry/api";
import type { TelemetryEvent } from "../lib/telemetry.js";

/** The metrics of a client. */
export interface Instruments {
  recordRequest(durationMs: number, attributes: Attributes): void;
  count(event: TelemetryEvent): void;
}

// As the semantic conventions recommend for http.client.request.duration.
const DURATION_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

export function createInstruments(meter: Meter = metrics.getMeter("calbridge")): Instruments {
  const duration = meter.createHistogram("http.client.request.duration", {
    description: "Duration of requests to Cal.com.",
    unit: "s",
    advice: { explicitBucketBoundaries: DURATION_BUCKETS_S },
  });
  const counters = {
    token_refresh: meter.createCounter("calbridge.token.refreshes", {
      description: "Needs for tokens that the cache could not meet, by outcome.",
      unit: "{refresh}",
    }),
    reauthorization_required: meter.createCounter("calbridge.reauthorizations", {
      description: "Users who have to link their Cal.com account again, by reason.",
      unit: "{user}",
    }),
    connection_change: meter.createCounter("calbridge.connection.changes", {
      description: "Calendar connections with another status than before, by provider and status.",
      unit: "{connection}",
    }),
  };
  return {
    recordRequest: (durationMs, attributes) => duration.record(durationMs / 1000, attributes),
    count: (event) => counters[event.name].add(1, attributesOf(event)),
  };
}

function attributesOf(event: TelemetryEvent): Attributes {
  switch (event.name) {
    case "token_refresh":
      return {
        "calbridge.refresh.outcome": event.outcome,
        ...(event.error !== undefined && { "error.type": event.error }),
      };
    case "reauthorization_required":
      return { "calbridge.reauthorization.reason": event.reason };
    case "connection_change":
      return { "calbridge.provider": event.provider, "calbridge.connection.status": event.status };
  }
}
