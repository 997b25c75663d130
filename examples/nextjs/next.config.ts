import type { NextConfig } from "next";

const config: NextConfig = {
  // As in a new project: content that depends on the request is inside <Suspense>.
  cacheComponents: true,
  partialPrefetching: true,
  // The folder above has a lock file as well. Without this, Next.js would take that folder for the root.
  turbopack: { root: import.meta.dirname },
};

export default config;
