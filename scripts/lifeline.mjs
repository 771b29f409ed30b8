/**
 * Runs a command as the leader of a process group, for as long as the parent holds the other end of standard input. When
 * the parent dies, however it dies, the whole group goes with it: a killed `npm start` leaves no server behind that would
 * hold the port and the state.
 */
import { spawn } from "node:child_process";

const [command, ...args] = process.argv.slice(2);
const child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit"] });

process.stdin.resume();
process.stdin.once("close", () => process.kill(-process.pid, "SIGKILL"));

// Signals reach the whole group, so the child has them already; this process only outlives it.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});
child.once("error", (error) => {
  console.error(error.message);
  process.exit(1);
});
child.once("exit", (code) => process.exit(code ?? 1));
