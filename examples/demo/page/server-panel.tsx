import { useEffect, useState, type ReactNode } from "react";
import {
  faults,
  summaryOf,
  type FeedEntry,
  type FaultName,
  type ServerPanelState,
} from "./server-panel-state.js";

/** Shows what the server does while the settings page is used. */
export function ServerPanel({
  initialState,
  isEmulated,
  reload,
}: {
  initialState: ServerPanelState;
  isEmulated: boolean;
  reload: () => Promise<boolean>;
}): ReactNode {
  const { entries, rows } = useServerPanelState(initialState);
  const [isBusy, setBusy] = useState(false);
  const summary = summaryOf(entries);

  const inject = async (name: FaultName): Promise<void> => {
    setBusy(true);
    try {
      await fetch(`/demo/faults/${name}`, { method: "POST" });
      const others = name === "expire" ? [1, 2, 3, 4] : [];
      await Promise.all([reload(), ...others.map(() => fetch("/api/cal/calendars/status"))]);
    } catch {
      // The demo was stopped, or the browser is offline. The settings page shows that error.
    } finally {
      setBusy(false);
    }
  };

  return (
    <aside className="server-panel" aria-labelledby="server-panel">
      <h2 id="server-panel">Server</h2>
      <p>What the server does now. A real page does not show this.</p>
      {isEmulated && (
        <section aria-labelledby="faults">
          <h3 id="faults">Inject a fault</h3>
          <div className="faults">
            {faults.map(({ name, label, hint }) => (
              // aria-disabled and not disabled, which would remove the focus.
              <button
                key={name}
                type="button"
                aria-disabled={isBusy}
                onClick={() => void (isBusy || inject(name))}
              >
                {label} <small>{hint}</small>
              </button>
            ))}
          </div>
          <div role="status" className="summary">
            {isBusy ? "Calling Cal.com…" : summary}
          </div>
        </section>
      )}
      <section aria-labelledby="calls">
        <h3 id="calls">Events</h3>
        {/* tabIndex, so that it can be scrolled with the keyboard. */}
        <ol className="feed" reversed tabIndex={0} aria-labelledby="calls">
          {[...entries].reverse().map((entry) => (
            <Entry key={entry.id} {...entry} />
          ))}
        </ol>
        {entries.length === 0 && <p>No events yet.</p>}
      </section>
      <section aria-labelledby="table">
        <h3 id="table">The table “CalendarIntegration”</h3>
        {rows.map((row) => (
          <dl className="row" key={row["id"]}>
            {Object.entries(row).map(([column, value]) => (
              <div key={column}>
                <dt>{column}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        ))}
        {rows.length === 0 && <p>No row yet. The first connection creates it.</p>}
      </section>
    </aside>
  );
}

function Entry({ at, kind, text, outcome, isFailure, durationMs }: FeedEntry): ReactNode {
  return (
    <li className={kind} data-failure={isFailure ?? false}>
      <time>{at}</time>
      <span>
        {kind === "tokens" && <b>Tokens </b>}
        {text}
      </span>
      {outcome !== undefined && <b className="outcome">{outcome}</b>}
      {durationMs !== undefined && <span className="duration">{durationMs} ms</span>}
    </li>
  );
}

function useServerPanelState(initial: ServerPanelState): ServerPanelState {
  const [state, setState] = useState(initial);
  useEffect(() => {
    const source = new EventSource("/demo/events");
    source.onmessage = ({ data }: MessageEvent<string>) => setState(JSON.parse(data) as ServerPanelState);
    return () => source.close();
  }, []);
  return state;
}
