import type { Metadata, Viewport } from "next";
import localFont from "next/font/local";
import { cookies } from "next/headers";
import type { ReactNode } from "react";
import "./globals.css";

// The web application's. Files of npm packages, copied into this site's own static files at build time: nothing comes from another host.
const figtree = localFont({
  src: "../../node_modules/@fontsource-variable/figtree/files/figtree-latin-wght-normal.woff2",
  weight: "300 900",
  variable: "--font-figtree",
});
const fraunces = localFont({
  src: "../../node_modules/@fontsource-variable/fraunces/files/fraunces-latin-wght-normal.woff2",
  weight: "100 900",
  variable: "--font-fraunces",
  adjustFontFallback: "Times New Roman",
});

export const metadata: Metadata = {
  title: "Assistant · Todo",
  description: "Talk to your task list.",
  robots: { index: false },
};

export const viewport: Viewport = { width: "device-width", initialScale: 1, colorScheme: "light dark" };

export default function RootLayout({ children }: { children: ReactNode }) {
  // The web application's choice. Reading a cookie also makes every page dynamic, which the policy's nonce needs.
  const theme = cookies().get("theme")?.value;
  return (
    <html
      lang="en"
      className={`${figtree.variable} ${fraunces.variable}`}
      data-theme={theme === "light" || theme === "dark" ? theme : undefined}
    >
      <body className="flex min-h-dvh flex-col">{children}</body>
    </html>
  );
}
