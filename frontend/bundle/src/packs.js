// Takes the chunks of a pack out of it. Like a part, a pack that did not come is asked for anew.
const packs = new Map();
function pack(name) {
    if (!packs.has(name)) {
        packs.set(
            name,
            makeLoad(() => {
                const file = WebAssembly.compileStreaming(fetch(new URL(`./${name}.wasm`, import.meta.url)));
                file.catch(() => {});
                return async (imports) => {
                    const chunks = WebAssembly.Module.customSections(await file, "SECTION");
                    await Promise.all(chunks.map((chunk) => WebAssembly.instantiate(chunk, imports)));
                };
            }, []),
        );
    }
    return packs.get(name);
}
function part(name, names) {
    const load = makeLoad(
        () => {
            const file = fetch(new URL(`./${name}.wasm`, import.meta.url));
            file.catch(() => {});
            return async (imports) => WebAssembly.instantiateStreaming(file, imports);
        },
        names.map(pack),
    );
    return wrapAsyncCb(load);
}
