//! The agent `fixer`, which resolves conflicts in a file `shared.txt`.

use super::Sandbox;

/// Keeps the lines of both sides and commits that, whatever an attempt before it has done of it.
pub const KEEPS_BOTH: &str = "sed -i '/^<<<<<<<\\|^=======\\|^>>>>>>>/d' shared.txt; git add shared.txt; \
                              ! test -e \"$(git rev-parse --git-dir)/MERGE_HEAD\" || git commit -q --no-edit";

impl Sandbox {
    /// Adds the agent, which runs this script, with more keys of its table and of `[merge]`; and commits a `shared.txt` of the
    /// lines `top` and `bottom`, between which plans can get at odds.
    pub fn fixer(&self, merge: &str, keys: &str, script: &str) -> &Self {
        self.script("fixer", script);
        let script = self.beside("agents/fixer.sh");
        self.tables(&format!(
            "[merge]\n{merge}\n[agents.fixer]\n{keys}\ncommand = [\"sh\", {script:?}]\n"
        ));
        self.write("shared.txt", "top\nbottom\n");
        self.git("add shared.txt");
        self.git("commit -q -m shared");
        self
    }
}
