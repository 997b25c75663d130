import type { NextConfig } from "next";

const config: NextConfig = {
  // As in a new project: what is for each request stands in a <Suspense>.
  cacheComponents: true,
  partialPrefetching: true,
  // There is a lock file in the folder above, too: this is the root all the same.
  turbopack: { root: import.meta.dirname },
};

export default config;
