// Every crate and npm package we ship or build with has a licence that deny.toml allows, comes from where it may come from, and
// is none that is banned there. cargo-deny says the same and more; it takes minutes to install, this takes a second.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

process.chdir(new URL("..", import.meta.url).pathname);
const policy = readFileSync("deny.toml", "utf8");
const list = (name) => [...policy.match(new RegExp(`^${name} = \\[([^\\]]*)\\]`, "m"))[1].matchAll(/"([^"]+)"/g)].map(([, text]) => text);
const allowed = new Set(list("allow"));

/** Whether an SPDX expression can be met with allowed licences alone: any side of OR, all sides of AND. */
function isAllowed(expression) {
	const tokens = expression.replaceAll("/", " OR ").replaceAll(/ WITH /g, "~").match(/[()]|[^\s()]+/g);
	const either = () => {
		let met = both();
		while (tokens[0] === "OR") tokens.shift(), (met = both() || met);
		return met;
	};
	const both = () => {
		let met = one();
		while (tokens[0] === "AND") tokens.shift(), (met = one() && met);
		return met;
	};
	const one = () => {
		const token = tokens.shift();
		if (token !== "(") return allowed.has(token.replace("~", " WITH "));
		const met = either();
		tokens.shift();
		return met;
	};
	return either();
}

const metadata = JSON.parse(execFileSync("cargo", ["metadata", "--format-version", "1", "--locked"], { maxBuffer: 2 ** 28 }));
const crates = metadata.packages.map(({ name, version, license, source }) => ({ name, version, license, source }));
const { packages } = JSON.parse(readFileSync("end2end/package-lock.json", "utf8"));
const modules = Object.entries(packages)
	.filter(([path]) => path)
	.map(([path, { version, license }]) => ({ name: path.replace(/^.*node_modules\//, ""), version, license }));

const problems = [...crates, ...modules]
	.filter(({ license }) => !license || !isAllowed(license))
	.map(({ name, version, license }) => `${name} ${version}: ${license ?? "no licence"}`);
const banned = new Set([...policy.matchAll(/\{ crate = "([^"]+)"/g)].map(([, name]) => name));
for (const { name, version } of crates) if (banned.has(name)) problems.push(`${name} ${version}: banned`);
for (const { name, version, source } of crates)
	if (source && !source.startsWith("registry+https://github.com/rust-lang/crates.io-index")) problems.push(`${name} ${version}: not from crates.io`);

for (const problem of problems) console.error(problem);
console.log(`${crates.length} crates and ${modules.length} npm packages looked at, ${problems.length} not allowed`);
process.exitCode = problems.length ? 1 : 0;
