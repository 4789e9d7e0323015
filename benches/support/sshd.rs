//! A server of ssh on this machine, with the settings that it has by default.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// Its program. It insists on an absolute path.
const PROGRAM: &str = "/usr/sbin/sshd";

/// A running server, which ends with this.
#[derive(Debug)]
pub struct Sshd {
    server: Child,
    home: PathBuf,
}

impl Sshd {
    /// Starts one in a folder of its own, for the host `here`; none where there is no server.
    pub fn start(home: &Path) -> Option<Self> {
        if !Path::new(PROGRAM).exists() {
            println!("{PROGRAM} is not there: left out");
            return None;
        }
        fs::create_dir_all(home).unwrap();
        fs::set_permissions(home, fs::Permissions::from_mode(0o700)).unwrap();
        for key in ["host", "own"] {
            let mut keygen = Command::new("ssh-keygen");
            keygen
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(home.join(key));
            assert!(keygen.status().unwrap().success());
        }
        fs::copy(home.join("own.pub"), home.join("authorized")).unwrap();
        let (port, at) = (30_000 + std::process::id() % 10_000, home.display());
        let client = home.join("client");
        let server = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {at}/host\nAuthorizedKeysFile {at}/authorized\nPidFile {at}/pid\n\
             StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\n\
             SetEnv \"GIT_SSH_COMMAND=ssh -F {}\"\n",
            client.display()
        );
        fs::write(home.join("server"), server).unwrap();
        let text = format!(
            "Host here\nHostName 127.0.0.1\nPort {port}\nIdentityFile {at}/own\nUserKnownHostsFile {at}/known\n\
             StrictHostKeyChecking accept-new\nBatchMode yes\nLogLevel ERROR\n"
        );
        fs::write(&client, text).unwrap();
        // Root's server keeps its children in there.
        let _ = fs::create_dir_all("/run/sshd");
        let mut server = Command::new(PROGRAM);
        server
            .args(["-D", "-E"])
            .arg(home.join("log"))
            .arg("-f")
            .arg(home.join("server"));
        let server = server.stdin(Stdio::null()).spawn().unwrap();
        let this = Self {
            server,
            home: home.to_owned(),
        };
        let mut ssh = Command::new("ssh");
        ssh.arg("-F")
            .arg(this.client())
            .args(["here", "true"])
            .stderr(Stdio::null());
        while !ssh.status().unwrap().success() {
            sleep(Duration::from_millis(50));
        }
        Some(this)
    }

    /// The settings with which `ssh -F` reaches it.
    pub fn client(&self) -> PathBuf {
        self.home.join("client")
    }

    /// How many connections it has refused.
    pub fn refusals(&self) -> usize {
        let log = fs::read_to_string(self.home.join("log")).unwrap_or_default();
        log.lines()
            .filter(|line| line.contains("MaxStartups") && line.contains("drop connection"))
            .count()
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
