/** An application of one framework, under a path of its origin. */
export interface FrameworkApplication {
  name: string;
  /** Its folders, copied over each other. */
  folders: string[];
  /** Versions that take the place of those in its package.json. */
  packages?: Record<string, string>;
  /** The package whose version is reported. */
  framework: string;
  /** Where the shared `calendar.js` goes. */
  calendar: string;
  /** Whether pages are rendered with the store that the routes have. */
  hasServerPages: boolean;
}

export const applications: FrameworkApplication[] = [
  {
    name: "Next.js 14",
    folders: ["nextjs"],
    packages: { next: "14", react: "18", "react-dom": "18" },
    framework: "next",
    calendar: "calendar.js",
    hasServerPages: true,
  },
  {
    name: "Next.js 16",
    folders: ["nextjs"],
    packages: { next: "16", react: "19", "react-dom": "19" },
    framework: "next",
    calendar: "calendar.js",
    hasServerPages: true,
  },
  {
    // The edge runtime keeps each route's memory apart, so pages have another memory store.
    name: "Next.js 14, edge runtime",
    folders: ["nextjs", "nextjs-edge"],
    packages: { next: "14", react: "18", "react-dom": "18" },
    framework: "next",
    calendar: "calendar.js",
    hasServerPages: false,
  },
  {
    name: "Next.js 16, edge runtime",
    folders: ["nextjs", "nextjs-edge"],
    packages: { next: "16", react: "19", "react-dom": "19" },
    framework: "next",
    calendar: "calendar.js",
    hasServerPages: false,
  },
  {
    name: "NestJS 11",
    folders: ["nestjs"],
    framework: "@nestjs/core",
    calendar: "src/calendar.js",
    hasServerPages: true,
  },
  {
    name: "NestJS 11, a controller",
    folders: ["nestjs", "nestjs-controller"],
    framework: "@nestjs/core",
    calendar: "src/calendar.js",
    hasServerPages: true,
  },
  {
    name: "SvelteKit 2",
    folders: ["sveltekit"],
    framework: "@sveltejs/kit",
    calendar: "src/lib/calendar.js",
    hasServerPages: true,
  },
  {
    name: "React Router 7",
    folders: ["react-router"],
    framework: "react-router",
    calendar: "app/calendar.js",
    hasServerPages: true,
  },
  {
    name: "Nuxt 4",
    folders: ["nuxt"],
    framework: "nuxt",
    calendar: "server/utils/calendar.js",
    hasServerPages: true,
  },
  {
    name: "Elysia 1 on Bun",
    folders: ["elysia"],
    framework: "elysia",
    calendar: "calendar.js",
    hasServerPages: true,
  },
];
