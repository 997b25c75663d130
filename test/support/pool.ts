import pg from "pg";

/** A pool that outlives the loss of an idle connection, as a server's should. */
export function createPool(connectionString: string, options: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ connectionString, ...options });
  pool.on("error", () => {
    // pg makes the pool forget the connection by itself; without a listener the process would end.
  });
  return pool;
}
