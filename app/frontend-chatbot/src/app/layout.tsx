import type { Metadata, Viewport } from "next";
import { cookies } from "next/headers";
import type { ReactNode } from "react";
import "./globals.css";

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
    <html lang="en" data-theme={theme === "light" || theme === "dark" ? theme : undefined}>
      <body className="flex min-h-dvh flex-col">{children}</body>
    </html>
  );
}
