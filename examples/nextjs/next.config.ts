import type { NextConfig } from "next";

const config: NextConfig = {
  // There is a lock file in the folder above, too: this is the root all the same.
  turbopack: { root: import.meta.dirname },
};

export default config;
