// What is in a release, in CycloneDX 1.6 JSON on standard output: every crate of the server and of the pages' WebAssembly, the
// crates that only build them, and what the pages carry that is not ours. The same for the same commit. Fails if something has
// no version or no licence. `--check` writes nothing but how many there are.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";

process.chdir(new URL("..", import.meta.url).pathname);
const run = (command, ...args) => execFileSync(command, args, { maxBuffer: 2 ** 28, encoding: "utf8" });
const host = run("rustc", "-vV").match(/^host: (.*)$/m)[1];
const checksums = new Map(
	[...readFileSync("Cargo.lock", "utf8").matchAll(/^name = "(.*)"\nversion = "(.*)"\nsource = ".*"\nchecksum = "(.*)"$/gm)].map(
		([, name, version, checksum]) => [`${name}@${version}`, checksum],
	),
);
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const hashes = (content) => (content ? { hashes: [{ alg: "SHA-256", content }] } : {});
const licences = (expression) => (expression ? { licenses: [{ expression: expression.replaceAll("/", " OR ") }] } : {});

/** The crates that a crate of ours is made of on a platform: for each its component, and what it depends on. */
function crates(root, platform) {
	const metadata = JSON.parse(run("cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", platform));
	const packages = new Map(metadata.packages.map((found) => [found.id, found]));
	const nodes = new Map(metadata.resolve.nodes.map((node) => [node.id, node]));
	const isMacro = ({ targets }) => targets.some(({ kind }) => kind.includes("proc-macro"));
	const found = new Map();
	// First what runs, then what only builds it: whoever is reached by both ways runs.
	const walk = (id, scope) => {
		if (found.has(id)) return;
		found.set(id, scope);
		for (const { pkg, dep_kinds } of nodes.get(id).deps) {
			const runs = dep_kinds.some(({ kind }) => kind === null) && !isMacro(packages.get(pkg));
			if (scope === "required" ? runs : dep_kinds.some(({ kind }) => kind !== "dev")) walk(pkg, scope);
		}
	};
	const start = metadata.packages.find(({ name, source }) => name === root && !source).id;
	walk(start, "required");
	for (const id of [...found.keys()])
		for (const { pkg, dep_kinds } of nodes.get(id).deps) if (dep_kinds.some(({ kind }) => kind !== "dev")) walk(pkg, "excluded");
	const ref = (id) => `pkg:cargo/${packages.get(id).name}@${packages.get(id).version}`;
	return [...found].map(([id, scope]) => {
		const { name, version, license, repository } = packages.get(id);
		const uses = nodes.get(id).deps.filter(({ pkg, dep_kinds }) => found.has(pkg) && dep_kinds.some(({ kind }) => kind !== "dev"));
		const component = {
			type: "library",
			"bom-ref": ref(id),
			name,
			version,
			scope,
			...hashes(checksums.get(`${name}@${version}`)),
			...licences(license),
			purl: ref(id),
			...(repository ? { externalReferences: [{ type: "vcs", url: repository }] } : {}),
		};
		return { component, dependsOn: uses.map(({ pkg }) => ref(pkg)) };
	});
}

/** What the pages carry beside the WebAssembly. */
function assets() {
	const { packages } = JSON.parse(readFileSync("end2end/package-lock.json", "utf8"));
	const { version, license } = packages["node_modules/tailwindcss"];
	const purl = `pkg:npm/tailwindcss@${version}`;
	const tailwind = { type: "library", "bom-ref": purl, name: "tailwindcss", version, scope: "required", ...licences(license), purl };
	const fonts = readdirSync("public/fonts").filter((name) => name.endsWith(".woff2")).map((name) => [`fonts/${name}`, "OFL-1.1"]);
	// Files have no version of their own: they are what their hash says.
	const files = [...fonts, ["icons.svg", "ISC"]].map(([name, license]) => {
		const hash = sha256(readFileSync(`public/${name}`));
		return { type: "file", "bom-ref": `file:${name}`, name, version: `sha256:${hash}`, scope: "required", ...hashes(hash), ...licences(license) };
	});
	return [tailwind, ...files];
}

const components = new Map();
const dependencies = new Map();
for (const { component, dependsOn } of [...crates("server", host), ...crates("frontend", "wasm32-unknown-unknown")]) {
	const ref = component["bom-ref"];
	if (components.get(ref)?.scope !== "required") components.set(ref, component);
	dependencies.set(ref, new Set([...(dependencies.get(ref) ?? []), ...dependsOn]));
}
for (const asset of assets()) components.set(asset["bom-ref"], asset);

const problems = [...components.values()].filter(({ version, licenses }) => !version || !licenses);
for (const { name, version, licenses } of problems) console.error(`${name} ${version || "has no version"}${licenses ? "" : " has no licence"}`);
process.exitCode = problems.length ? 1 : 0;

const sorted = (list, key) => [...list].sort((a, b) => (key(a) < key(b) ? -1 : 1));
const server = components.get([...components.keys()].find((ref) => ref.startsWith("pkg:cargo/server@")));
const body = {
	metadata: {
		component: { type: "application", "bom-ref": "certnode", name: "certnode", version: server.version, licenses: server.licenses },
		properties: [{ name: "certnode:target", value: host }],
	},
	components: sorted(components.values(), (component) => component["bom-ref"]),
	dependencies: sorted(
		[["certnode", [...components.keys()].filter((ref) => /^(pkg:cargo\/(server|frontend)@|pkg:npm|file:)/.test(ref))], ...dependencies],
		([ref]) => ref,
	).map(([ref, uses]) => ({ ref, dependsOn: [...uses].sort() })),
};
// The number is of the content, so that the same content has the same, in the form of a UUIDv8 (RFC 9562 §5.8).
const digest = sha256(JSON.stringify(body));
const uuid = [digest.slice(0, 8), digest.slice(8, 12), `8${digest.slice(13, 16)}`, `8${digest.slice(17, 20)}`, digest.slice(20, 32)].join("-");
const epoch = process.env.SOURCE_DATE_EPOCH;
if (epoch) body.metadata = { timestamp: new Date(epoch * 1000).toISOString().replace(".000", ""), ...body.metadata };
const count = (wanted) => [...components.values()].filter(({ scope }) => scope === wanted).length;
if (process.argv[2] === "--check") console.log(`${count("required")} parts of a release and ${count("excluded")} that only build it, ${problems.length} without a version or a licence`);
else console.log(JSON.stringify({ bomFormat: "CycloneDX", specVersion: "1.6", serialNumber: `urn:uuid:${uuid}`, version: 1, ...body }, null, 1));
