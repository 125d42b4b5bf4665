
// A part that does not come is waited for and asked for again, never given up: the WASM side would answer a failure by
// ending itself, and the page with it. The page brings the sentence and the button (`data-part-missing`), hidden.
const missing = new Set();
async function arrived(load) {
    for (;;) {
        try {
            const part = await load();
            // The network is back: those that wait for a hand go on by themselves.
            for (const again of [...missing]) again();
            return part;
        } catch (error) {
            await askedAgain(error);
        }
    }
}
function askedAgain(error) {
    return new Promise((resolve) => {
        const notice = document.querySelector("[data-part-missing]");
        const again = () => {
            clearTimeout(shown);
            missing.delete(again);
            window.removeEventListener("online", again);
            if (notice && missing.size === 0) {
                notice.hidden = true;
                notice.onclick = null;
            }
            resolve();
        };
        // A page that is being left has its requests broken off too; it is gone before anything is said.
        const shown = setTimeout(() => {
            console.warn(error);
            if (!notice) return;
            notice.hidden = false;
            notice.onclick = ({ target }) => target.closest("button") && [...missing].forEach((again) => again());
        }, 500);
        missing.add(again);
        window.addEventListener("online", again);
    });
}
