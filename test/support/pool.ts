import pg from "pg";

/** A pool that survives the loss of an idle connection, as in an application. */
export function createPool(connectionString: string, options: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ connectionString, ...options });
  pool.on("error", () => {
    // pg removes the connection from the pool. Without a listener the error would end the process.
  });
  return pool;
}
