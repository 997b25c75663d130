import type { Metadata } from "next";
import type { ReactNode } from "react";
import "calbridge/react/styles.css";
import "./globals.css";

export const metadata: Metadata = { title: "calbridge" };

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
