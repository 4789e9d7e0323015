//! `orch lsp` with a real editor, where there is one: Neovim shows faults, takes what is offered and renames a plan.

use std::process::Command;

use serde_json::Value;

use crate::support::{Sandbox, document};

/// What the editor does; each step's result goes into a file.
const STEPS: &str = r#"
local root, orch, out = arg_root, arg_orch, arg_out
local said = {}
local function finish(why)
  said.why = why
  vim.fn.writefile({ vim.fn.json_encode(said) }, out)
  vim.cmd('qall!')
end
local function wait(what, ready)
  if not vim.wait(30000, ready, 20) then
    finish('waited for ' .. what)
  end
end
vim.cmd('edit ' .. root .. '/plans.toml')
local id = vim.lsp.start_client({ name = 'orch', cmd = { orch, 'lsp' }, root_dir = root })
vim.lsp.buf_attach_client(0, id)
wait('faults', function() return #vim.diagnostic.get(0) > 0 end)
said.fault = vim.diagnostic.get(0)[1].message
said.line = vim.diagnostic.get(0)[1].lnum
-- The fault is mended by what is offered in its place.
local line = said.line + 1
vim.api.nvim_buf_set_lines(0, line - 1, line, false, { 'prior' })
vim.api.nvim_win_set_cursor(0, { line, 5 })
local params = vim.lsp.util.make_position_params(0, 'utf-16')
params.position.character = 5
local answers = vim.lsp.buf_request_sync(0, 'textDocument/completion', params, 30000)
for _, item in ipairs(answers[id].result) do
  if item.label == 'priority' then
    vim.lsp.util.apply_text_edits({ item.textEdit }, 0, 'utf-16')
  end
end
said.completed = vim.api.nvim_buf_get_lines(0, line - 1, line, false)[1]
vim.api.nvim_buf_set_lines(0, line - 1, line, false, { said.completed .. '"high"' })
wait('no fault', function()
  return #vim.diagnostic.get(0, { severity = vim.diagnostic.severity.ERROR }) == 0
end)
local header = vim.fn.search('\\[plans.auth\\]', 'w')
vim.api.nvim_win_set_cursor(0, { header, 8 })
vim.lsp.buf.rename('login')
wait('the new name', function()
  return vim.fn.search('\\[plans.login\\]', 'nw') > 0 and vim.fn.filereadable(root .. '/plans/login.md') == 1
end)
vim.cmd('silent! wall!')
finish('done')
"#;

#[test]
fn neovim_shows_faults_completes_and_renames() {
    let Ok(version) = Command::new("nvim").arg("--version").output() else {
        eprintln!("skipped: there is no Neovim");
        return;
    };
    assert!(version.status.success());
    let sandbox = Sandbox::new();
    sandbox
        .write("plans/auth.md", document(&[1, 1]))
        .write(
            "plans/pay.md",
            "# Pay\n\n## Phase 1: A 🙂\n\n- [ ] 1.1 漢字 (depends: auth.1)\n",
        )
        .write(
            "plans.toml",
            "[agents.x]\ncommand = [\"true\"]\n[plans.auth]\nfile = \"plans/auth.md\"\npriorty = \"high\"\n\
             [plans.pay]\nfile = \"plans/pay.md\"\ndepends = [\"auth.phase2\"]\n",
        );
    let (steps, out) = (sandbox.beside("steps.lua"), sandbox.beside("said.json"));
    let values = format!(
        "local arg_root, arg_orch, arg_out = {:?}, {:?}, {:?}\n",
        sandbox.path(),
        env!("CARGO_BIN_EXE_orch"),
        out
    );
    std::fs::write(&steps, values + STEPS).unwrap();
    let ran = Command::new("nvim")
        .args(["--headless", "--clean", "-n", "-S"])
        .arg(&steps)
        .current_dir(sandbox.path())
        .env("HOME", sandbox.beside(""))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&ran.stderr).into_owned();
    let said = std::fs::read_to_string(&out).unwrap_or_else(|error| panic!("{error}: {told}"));
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["why"], "done", "{said}\n{told}");
    assert!(
        said["fault"]
            .as_str()
            .unwrap()
            .contains("unknown key `plans.auth.priorty`"),
        "{said}"
    );
    assert_eq!(
        (&said["line"], &said["completed"]),
        (&4.into(), &"priority = ".into())
    );
    let manifest = sandbox.read("plans.toml");
    assert!(
        manifest.contains("[plans.login]\nfile = \"plans/login.md\"\npriority = \"high\"\n"),
        "{manifest}"
    );
    assert!(manifest.contains("depends = [\"login.phase2\"]"), "{manifest}");
    assert!(sandbox.read("plans/pay.md").contains("(depends: login.1)"));
    assert!(!sandbox.join("plans/auth.md").exists());
    sandbox.orch("check").code(0).ok();
}
