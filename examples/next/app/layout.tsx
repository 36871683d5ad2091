import type { Metadata, Viewport } from "next"
import type { ReactNode } from "react"
import "./globals.css"

export const metadata: Metadata = {
  title: { default: "Notes", template: "%s · Notes" },
  description: "A Next.js frontend with Vestibule and a backend that is not JavaScript",
}

export const viewport: Viewport = { colorScheme: "light dark" }

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  )
}
