import { createPool } from "mysql2/promise";
import { mysqlTokenStore } from "../../examples/mysql/mysql-token-store.js";
import { serveTokenStore } from "../../src/testing/contract/token-store-processes.js";

// One of several processes that share a database. Its argument is the URL.
serveTokenStore(mysqlTokenStore(createPool(process.argv[2] ?? "")));
