// A part comes as one file: its own module, and of the chunks that it shares with others those that no part before it
// brought. A chunk must not be loaded twice, its data would be as at the start again: so each part waits for those that
// were asked for before it.
const asked = [];
let there = Promise.resolve();
function part(name) {
    let address, before, done;
    const load = makeLoad(() => {
        if (!address) {
            address = new URL(`./part/${name}.wasm`, import.meta.url);
            if (asked.length) address.search = `have=${asked.join()}`;
            asked.push(name);
            before = there;
            there = new Promise((resolve) => (done = resolve));
        }
        const file = WebAssembly.compileStreaming(fetch(address));
        file.catch(() => {});
        return async (imports) => {
            const pieces = WebAssembly.Module.customSections(await file, "SECTION");
            await before;
            const own = pieces.pop();
            await Promise.all(pieces.map((chunk) => WebAssembly.instantiate(chunk, imports)));
            await WebAssembly.instantiate(own, imports);
            done();
        };
    }, []);
    return wrapAsyncCb(load);
}
