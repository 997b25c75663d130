import type { CalendarIntegrationState } from "calbridge/react";
import { useEffect, useState, type ReactNode } from "react";

/** One day of the strip. */
export interface BusyDay {
  /** Such as `2026-11-24`. */
  date: string;
  /** Such as `Tue 24`. */
  label: string;
  isAllDay: boolean;
  /** The busy times of the day, merged, in order. Empty if the whole day is busy. */
  spans: BusySpan[];
}

/** A part of a day. */
interface BusySpan {
  /** Where it starts and ends, as a part of the day: 0 to 1. */
  from: number;
  to: number;
  /** Such as `09:00–10:30`. */
  text: string;
}

/** Shows when the user is busy in the next seven days: what the application reads from the selected calendars. */
export function BusyStrip({
  integration: { calendars, changes },
  timeZone,
}: {
  integration: CalendarIntegrationState;
  timeZone: string;
}): ReactNode {
  const [week, setWeek] = useState<BusyDay[] | null>(null);
  // Changes when what is read changes, and Cal.com has accepted it.
  const selected = calendars.flatMap(({ credentialId, connected, calendars: own }) =>
    own
      .filter(({ isSelected }) => isSelected && connected)
      .map(({ externalId }) => `${String(credentialId)} ${externalId ?? ""}`),
  );
  const key = changes.length > 0 ? null : selected.join("\n");

  useEffect(() => {
    if (key === null) return undefined;
    const aborter = new AbortController();
    void readWeek(aborter.signal).then((read) => {
      if (!aborter.signal.aborted) setWeek(key === "" ? null : read);
    });
    return () => aborter.abort();
  }, [key]);

  return (
    <section className="busy" aria-labelledby="busy">
      <h2 id="busy">Busy this week</h2>
      <p className="crumb">
        {week
          ? `From the calendars chosen above. Times in ${timeZone}.`
          : "Connect a calendar to see it here."}
      </p>
      <ol aria-labelledby="busy">
        {(week ?? []).map(({ date, label, isAllDay, spans }) => (
          <li key={date}>
            <time dateTime={date}>{label}</time>
            {/* Attributes of an image and no styles, which the Content-Security-Policy would not allow. */}
            <svg viewBox="0 0 1440 60" preserveAspectRatio="none" aria-hidden="true">
              {[360, 720, 1080].map((x) => (
                <line key={x} x1={x} x2={x} y2={60} vectorEffect="non-scaling-stroke" />
              ))}
              {(isAllDay ? [{ from: 0, to: 1 }] : spans).map(({ from, to }) => (
                <rect key={from} x={from * 1440} width={(to - from) * 1440} height={60} />
              ))}
            </svg>
            {/* Times are written from left to right, in each language. */}
            <span>
              {isAllDay ? (
                "All day"
              ) : (
                <bdi dir="ltr">{spans.map(({ text }) => text).join(", ") || "Free"}</bdi>
              )}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

async function readWeek(signal: AbortSignal): Promise<BusyDay[] | null> {
  try {
    return (await (await fetch("/demo/busy", { signal })).json()) as BusyDay[] | null;
  } catch {
    // The page was left, the demo was stopped, or the user is signed out, which the settings show.
    return null;
  }
}
