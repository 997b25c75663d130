import type { CommonOptions, ManagedUsersOptions } from "../../src/client-options.js";

/** Options that a test gives a client of managed users, over those of its own. */
export type TestClientOptions = Partial<CommonOptions> & { managedUsers?: ManagedUsersOptions };
