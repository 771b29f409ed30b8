import { defineConfig } from "vite";

const pages = ["chat", "activity", "run", "schedules", "account"] as const;

/**
 * One script a page and one style sheet, under fixed names, so that the server-rendered pages need no manifest. Static
 * files are served with an ETag and revalidated on each use, which fixed names require. No `index.html`: the Worker
 * renders every page.
 */
export default defineConfig({
  publicDir: "public",
  build: {
    outDir: "dist/client",
    emptyOutDir: true,
    target: "es2023",
    cssCodeSplit: false,
    modulePreload: false,
    rolldownOptions: {
      input: Object.fromEntries(pages.map((page) => [page, `src/client/${page}.ts`])),
      output: {
        entryFileNames: "assets/[name].js",
        chunkFileNames: "assets/shared-[name].js",
        assetFileNames: "assets/app[extname]",
      },
    },
  },
});
