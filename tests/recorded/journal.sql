BEGIN TRANSACTION;
CREATE TABLE events (
    seq     INTEGER PRIMARY KEY,
    at_ms   INTEGER NOT NULL,
    wall    TEXT NOT NULL,
    run     INTEGER NOT NULL,
    event   TEXT NOT NULL,
    plan    TEXT,
    phase   INTEGER,
    task    TEXT,
    attempt TEXT,
    data    TEXT NOT NULL,
    seal    INTEGER
);
INSERT INTO "events" VALUES(1,45,'2026-11-23T04:45:20.849Z',1,'run.started',NULL,NULL,NULL,NULL,'{"base":"eb8d4d5d068dd918c7771a9378a0de00bdda4305","merge_only":false,"only":[],"run":1,"target":"master"}',7756861198133405922);
INSERT INTO "events" VALUES(2,91,'2026-11-23T04:45:20.895Z',1,'worktree.created','a',NULL,NULL,NULL,'{"base":"eb8d4d5d068dd918c7771a9378a0de00bdda4305","branch":"orch/a","path":"/srv/team/repo.worktrees/a"}',-547455762679475056);
INSERT INTO "events" VALUES(3,91,'2026-11-23T04:45:20.895Z',1,'attempt.assigned','a',NULL,NULL,'a-1','{"agent":"s","number":1,"units":[1]}',-7276498960175033373);
INSERT INTO "events" VALUES(4,106,'2026-11-23T04:45:20.91Z',1,'worktree.created','c',NULL,NULL,NULL,'{"base":"eb8d4d5d068dd918c7771a9378a0de00bdda4305","branch":"orch/c","path":"/srv/team/repo.worktrees/c"}',1301784749762857460);
INSERT INTO "events" VALUES(5,106,'2026-11-23T04:45:20.91Z',1,'attempt.assigned','c',NULL,NULL,'c-1','{"agent":"s","number":1,"units":["1.1"]}',2474872267416644282);
INSERT INTO "events" VALUES(6,124,'2026-11-23T04:45:20.928Z',1,'agent.started','a',NULL,NULL,'a-1','{"head":"eb8d4d5d068dd918c7771a9378a0de00bdda4305","pid":22096}',2882890475289009175);
INSERT INTO "events" VALUES(7,138,'2026-11-23T04:45:20.942Z',1,'agent.started','c',NULL,NULL,'c-1','{"head":"eb8d4d5d068dd918c7771a9378a0de00bdda4305","pid":22110}',93294482093330325);
INSERT INTO "events" VALUES(8,144,'2026-11-23T04:45:20.948Z',1,'worktree.created','d',NULL,NULL,NULL,'{"base":"eb8d4d5d068dd918c7771a9378a0de00bdda4305","branch":"orch/d","path":"/srv/team/repo.worktrees/d"}',-4386835352176026533);
INSERT INTO "events" VALUES(9,144,'2026-11-23T04:45:20.948Z',1,'attempt.assigned','d',NULL,NULL,'d-1','{"agent":"s","number":1,"units":[1]}',9198475670133557921);
INSERT INTO "events" VALUES(10,177,'2026-11-23T04:45:20.981Z',1,'task.started','a',NULL,'1.1','a-1','{}',7342137779054374021);
INSERT INTO "events" VALUES(11,178,'2026-11-23T04:45:20.982Z',1,'task.started','c',NULL,'1.1','c-1','{}',2793361576316992410);
INSERT INTO "events" VALUES(12,180,'2026-11-23T04:45:20.984Z',1,'agent.started','d',NULL,NULL,'d-1','{"head":"eb8d4d5d068dd918c7771a9378a0de00bdda4305","pid":22129}',-2076975978729803380);
INSERT INTO "events" VALUES(13,189,'2026-11-23T04:45:20.993Z',1,'worktree.created','f',NULL,NULL,NULL,'{"base":"eb8d4d5d068dd918c7771a9378a0de00bdda4305","branch":"orch/f","path":"/srv/team/repo.worktrees/f"}',-5836609031730519384);
INSERT INTO "events" VALUES(14,210,'2026-11-23T04:45:21.014Z',1,'task.started','d',NULL,'1.1','d-1','{}',3458139926559669214);
INSERT INTO "events" VALUES(15,228,'2026-11-23T04:45:21.032Z',1,'task.done','a',NULL,'1.1','a-1','{}',-4809375234402467639);
INSERT INTO "events" VALUES(16,240,'2026-11-23T04:45:21.044Z',1,'worktree.created','b',NULL,NULL,NULL,'{"base":"eb8d4d5d068dd918c7771a9378a0de00bdda4305","branch":"orch/b","path":"/srv/team/repo.worktrees/b"}',3512204424463119131);
INSERT INTO "events" VALUES(17,243,'2026-11-23T04:45:21.047Z',1,'task.done','c',NULL,'1.1','c-1','{}',351381464429749333);
INSERT INTO "events" VALUES(18,246,'2026-11-23T04:45:21.05Z',1,'agent.ended','c',NULL,NULL,'c-1','{"exit":{"code":0,"kind":"code"}}',651726510646007652);
INSERT INTO "events" VALUES(19,253,'2026-11-23T04:45:21.057Z',1,'worktree.created','e',NULL,NULL,NULL,'{"base":"eb8d4d5d068dd918c7771a9378a0de00bdda4305","branch":"orch/e","path":"/srv/team/repo.worktrees/e"}',4234465623241130650);
INSERT INTO "events" VALUES(20,263,'2026-11-23T04:45:21.067Z',1,'attempt.checked','c',NULL,NULL,'c-1','{"evidence":{"commits":1,"head":"36d09bb9dd39186c6096a755e837d403f35cfcbd","leftovers":[],"leftovers_committed":0,"trouble":null}}',2076306026180946236);
INSERT INTO "events" VALUES(21,271,'2026-11-23T04:45:21.075Z',1,'task.done','d',NULL,'1.1','d-1','{}',-2075168688464704213);
INSERT INTO "events" VALUES(22,271,'2026-11-23T04:45:21.075Z',1,'phase.done','d',1,NULL,NULL,'{}',-7821777210147249591);
INSERT INTO "events" VALUES(23,271,'2026-11-23T04:45:21.075Z',1,'agent.ended','d',NULL,NULL,'d-1','{"exit":{"code":0,"kind":"code"}}',-4854498933446360984);
INSERT INTO "events" VALUES(24,271,'2026-11-23T04:45:21.075Z',1,'attempt.assigned','f',NULL,NULL,'f-1','{"agent":"s","number":1,"units":[1]}',-7402525462097655902);
INSERT INTO "events" VALUES(25,312,'2026-11-23T04:45:21.116Z',1,'attempt.checked','d',NULL,NULL,'d-1','{"evidence":{"commits":1,"head":"18f648798273754f798b9f18eeefd51412359fa5","leftovers":[],"leftovers_committed":0,"trouble":null}}',4384859215600668042);
INSERT INTO "events" VALUES(26,312,'2026-11-23T04:45:21.116Z',1,'leg.done','d',NULL,NULL,'d-1','{"units":[1]}',606521764724307534);
INSERT INTO "events" VALUES(27,312,'2026-11-23T04:45:21.116Z',1,'plan.finished','d',NULL,NULL,NULL,'{}',8019533354789573028);
INSERT INTO "events" VALUES(28,312,'2026-11-23T04:45:21.116Z',1,'merge.started','d',NULL,NULL,NULL,'{}',1734232566292984882);
INSERT INTO "events" VALUES(29,312,'2026-11-23T04:45:21.116Z',1,'worktree.created','c',NULL,NULL,NULL,'{"base":"eb8d4d5d068dd918c7771a9378a0de00bdda4305","branch":"orch/c","lane":1,"path":"/srv/team/repo.worktrees/c.lane1"}',-1635109327074646120);
INSERT INTO "events" VALUES(30,312,'2026-11-23T04:45:21.116Z',1,'attempt.assigned','c',NULL,NULL,'c-2','{"agent":"s","lane":1,"number":1,"units":["1.2"]}',-1847316281217514483);
INSERT INTO "events" VALUES(31,327,'2026-11-23T04:45:21.131Z',1,'task.failed','a',NULL,'1.2','a-1','{"note":"needs the schema"}',-2101135276316687014);
INSERT INTO "events" VALUES(32,327,'2026-11-23T04:45:21.131Z',1,'agent.ended','a',NULL,NULL,'a-1','{"exit":{"code":1,"kind":"code"}}',5112107309802075550);
INSERT INTO "events" VALUES(33,327,'2026-11-23T04:45:21.131Z',1,'agent.started','f',NULL,NULL,'f-1','{"head":"eb8d4d5d068dd918c7771a9378a0de00bdda4305","pid":22193}',-3477157950264794516);
INSERT INTO "events" VALUES(34,327,'2026-11-23T04:45:21.131Z',1,'agent.ended','f',NULL,NULL,'f-1','{"exit":{"code":3,"kind":"code"}}',2124671556647906542);
INSERT INTO "events" VALUES(35,348,'2026-11-23T04:45:21.152Z',1,'work.merged','c',NULL,NULL,'c-1','{"commit":"36d09bb9dd39186c6096a755e837d403f35cfcbd"}',7109308220190307225);
INSERT INTO "events" VALUES(36,348,'2026-11-23T04:45:21.152Z',1,'leg.done','c',NULL,NULL,'c-1','{"units":["1.1"]}',-4979027523568905820);
INSERT INTO "events" VALUES(37,348,'2026-11-23T04:45:21.152Z',1,'attempt.assigned','c',NULL,NULL,'c-3','{"agent":"s","number":1,"units":["1.3"]}',-2675209182805379148);
INSERT INTO "events" VALUES(38,348,'2026-11-23T04:45:21.152Z',1,'attempt.checked','a',NULL,NULL,'a-1','{"evidence":{"commits":1,"head":"cc62a53e981e82798711bf49eabbed0c4917cba9","leftovers":[],"leftovers_committed":0,"trouble":null}}',5669865046050787548);
INSERT INTO "events" VALUES(39,348,'2026-11-23T04:45:21.152Z',1,'attempt.failed','a',NULL,NULL,'a-1','{"counted":true,"retry_in_ms":77,"why":"the agent exited with code 1; reported failed: 1.2 (needs the schema)"}',3568958650770554350);
INSERT INTO "events" VALUES(40,371,'2026-11-23T04:45:21.175Z',1,'attempt.checked','f',NULL,NULL,'f-1','{"evidence":{"commits":0,"head":"eb8d4d5d068dd918c7771a9378a0de00bdda4305","leftovers":[],"leftovers_committed":0,"trouble":null}}',-3768514814735559772);
INSERT INTO "events" VALUES(41,371,'2026-11-23T04:45:21.175Z',1,'attempt.failed','f',NULL,NULL,'f-1','{"counted":true,"retry_in_ms":92,"why":"the agent exited with code 3"}',-2942460726120930093);
INSERT INTO "events" VALUES(42,371,'2026-11-23T04:45:21.175Z',1,'agent.started','c',NULL,NULL,'c-2','{"head":"36d09bb9dd39186c6096a755e837d403f35cfcbd","pid":22225}',5160320980430615696);
INSERT INTO "events" VALUES(43,382,'2026-11-23T04:45:21.186Z',1,'task.started','c',NULL,'1.2','c-2','{}',7778695268604939628);
INSERT INTO "events" VALUES(44,389,'2026-11-23T04:45:21.193Z',1,'agent.started','c',NULL,NULL,'c-3','{"head":"36d09bb9dd39186c6096a755e837d403f35cfcbd","pid":22241}',395610583511927508);
INSERT INTO "events" VALUES(45,410,'2026-11-23T04:45:21.214Z',1,'task.started','c',NULL,'1.3','c-3','{}',4141140855335983380);
INSERT INTO "events" VALUES(46,419,'2026-11-23T04:45:21.223Z',1,'merge.verified','d',NULL,NULL,NULL,'{"plans":["d"],"verdict":{"green":true,"runs":1,"took":{"nanos":20428933,"secs":0}}}',2585527548275310570);
INSERT INTO "events" VALUES(47,422,'2026-11-23T04:45:21.226Z',1,'task.done','c',NULL,'1.2','c-2','{}',-2161168330931943317);
INSERT INTO "events" VALUES(48,430,'2026-11-23T04:45:21.234Z',1,'attempt.assigned','a',NULL,NULL,'a-2','{"agent":"s","number":2,"units":[1]}',-2586878169217788630);
INSERT INTO "events" VALUES(49,435,'2026-11-23T04:45:21.239Z',1,'agent.started','a',NULL,NULL,'a-2','{"head":"cc62a53e981e82798711bf49eabbed0c4917cba9","pid":22263}',-8151854958372276837);
INSERT INTO "events" VALUES(50,453,'2026-11-23T04:45:21.257Z',1,'agent.ended','c',NULL,NULL,'c-2','{"exit":{"code":0,"kind":"code"}}',-1045068873759662080);
INSERT INTO "events" VALUES(51,463,'2026-11-23T04:45:21.267Z',1,'attempt.assigned','f',NULL,NULL,'f-2','{"agent":"s","number":2,"units":[1]}',1115870313043960516);
INSERT INTO "events" VALUES(52,469,'2026-11-23T04:45:21.273Z',1,'agent.started','f',NULL,NULL,'f-2','{"head":"eb8d4d5d068dd918c7771a9378a0de00bdda4305","pid":22284}',3083027864838134042);
INSERT INTO "events" VALUES(53,470,'2026-11-23T04:45:21.274Z',1,'merge.landed','d',NULL,NULL,NULL,'{"before":"eb8d4d5d068dd918c7771a9378a0de00bdda4305","commit":"fe27c355f68281a98b682fa4929b951d5f973762","print":327763009,"target":"master"}',9023943390800743730);
INSERT INTO "events" VALUES(54,470,'2026-11-23T04:45:21.274Z',1,'attempt.checked','c',NULL,NULL,'c-2','{"evidence":{"commits":1,"head":"bc4271a8f8fd9dc601e492022e983daa05a14181","leftovers":[],"leftovers_committed":0,"trouble":null}}',-686755300757345518);
INSERT INTO "events" VALUES(55,473,'2026-11-23T04:45:21.277Z',1,'agent.ended','f',NULL,NULL,'f-2','{"exit":{"code":3,"kind":"code"}}',4667695141714062315);
INSERT INTO "events" VALUES(56,475,'2026-11-23T04:45:21.279Z',1,'attempt.checked','f',NULL,NULL,'f-2','{"evidence":{"commits":0,"head":"eb8d4d5d068dd918c7771a9378a0de00bdda4305","leftovers":[],"leftovers_committed":0,"trouble":null}}',7273757564915574352);
INSERT INTO "events" VALUES(57,475,'2026-11-23T04:45:21.279Z',1,'attempt.failed','f',NULL,NULL,'f-2','{"counted":true,"retry_in_ms":null,"why":"the agent exited with code 3"}',-2478413572103313224);
INSERT INTO "events" VALUES(58,475,'2026-11-23T04:45:21.279Z',1,'plan.failed','f',NULL,NULL,NULL,'{"why":"the agent exited with code 3 (attempt 2, no retries left)"}',-6451883170870443064);
INSERT INTO "events" VALUES(59,481,'2026-11-23T04:45:21.285Z',1,'work.merged','c',NULL,NULL,'c-2','{"commit":"bc4271a8f8fd9dc601e492022e983daa05a14181"}',1599455063944244219);
INSERT INTO "events" VALUES(60,481,'2026-11-23T04:45:21.285Z',1,'leg.done','c',NULL,NULL,'c-2','{"units":["1.2"]}',-1300922452159956458);
INSERT INTO "events" VALUES(61,493,'2026-11-23T04:45:21.297Z',1,'task.done','c',NULL,'1.3','c-3','{}',3684957165306210832);
INSERT INTO "events" VALUES(62,503,'2026-11-23T04:45:21.307Z',1,'agent.ended','c',NULL,NULL,'c-3','{"exit":{"code":0,"kind":"code"}}',9160207100227470134);
INSERT INTO "events" VALUES(63,509,'2026-11-23T04:45:21.313Z',1,'attempt.checked','c',NULL,NULL,'c-3','{"evidence":{"commits":1,"head":"a44d6fa359aa0a784361d46dd437d7d4cd0f6d59","leftovers":[],"leftovers_committed":0,"trouble":null}}',2167353198766769746);
INSERT INTO "events" VALUES(64,539,'2026-11-23T04:45:21.343Z',1,'work.merged','c',NULL,NULL,'c-3','{"commit":"919e82791655446bafe8478a172692bcbc3264a6"}',7062168078771667209);
INSERT INTO "events" VALUES(65,539,'2026-11-23T04:45:21.343Z',1,'leg.done','c',NULL,NULL,'c-3','{"units":["1.3"]}',6535970903136613979);
INSERT INTO "events" VALUES(66,539,'2026-11-23T04:45:21.343Z',1,'phase.done','c',1,NULL,NULL,'{"proven":true}',-4607910121872224113);
INSERT INTO "events" VALUES(67,539,'2026-11-23T04:45:21.343Z',1,'plan.finished','c',NULL,NULL,NULL,'{}',-4383985939949988846);
INSERT INTO "events" VALUES(68,539,'2026-11-23T04:45:21.343Z',1,'merge.started','c',NULL,NULL,NULL,'{}',590266581519685322);
INSERT INTO "events" VALUES(69,552,'2026-11-23T04:45:21.356Z',1,'task.started','a',NULL,'1.2','a-2','{}',-4653806741768154765);
INSERT INTO "events" VALUES(70,573,'2026-11-23T04:45:21.377Z',1,'merge.verified','c',NULL,NULL,NULL,'{"plans":["c"],"verdict":{"green":true,"runs":1,"took":{"nanos":5724121,"secs":0}}}',-7094183536652173100);
INSERT INTO "events" VALUES(71,601,'2026-11-23T04:45:21.405Z',1,'task.done','a',NULL,'1.2','a-2','{}',9155857468631202257);
INSERT INTO "events" VALUES(72,601,'2026-11-23T04:45:21.405Z',1,'phase.done','a',1,NULL,NULL,'{}',-8997587945718625709);
INSERT INTO "events" VALUES(73,602,'2026-11-23T04:45:21.406Z',1,'agent.ended','a',NULL,NULL,'a-2','{"exit":{"code":0,"kind":"code"}}',8223195297505298041);
INSERT INTO "events" VALUES(74,604,'2026-11-23T04:45:21.408Z',1,'attempt.checked','a',NULL,NULL,'a-2','{"evidence":{"commits":1,"head":"e3c6d0eb9b5e09cce0e189858e7dab5d1e2e8be5","leftovers":[],"leftovers_committed":0,"trouble":null}}',-2008198733709967114);
INSERT INTO "events" VALUES(75,604,'2026-11-23T04:45:21.408Z',1,'leg.done','a',NULL,NULL,'a-2','{"units":[1]}',-5694476313631925498);
INSERT INTO "events" VALUES(76,604,'2026-11-23T04:45:21.408Z',1,'plan.finished','a',NULL,NULL,NULL,'{}',8328022669964058073);
INSERT INTO "events" VALUES(77,605,'2026-11-23T04:45:21.409Z',1,'plan.pinned','a',NULL,NULL,NULL,'{"commit":"e3c6d0eb9b5e09cce0e189858e7dab5d1e2e8be5","point":"plan"}',-1113640334658666267);
INSERT INTO "events" VALUES(78,605,'2026-11-23T04:45:21.409Z',1,'attempt.assigned','b',NULL,NULL,'b-1','{"agent":"s","number":1,"units":[1]}',-3431299677403329492);
INSERT INTO "events" VALUES(79,616,'2026-11-23T04:45:21.42Z',1,'agent.started','b',NULL,NULL,'b-1','{"head":"e3c6d0eb9b5e09cce0e189858e7dab5d1e2e8be5","pid":22350}',4507918000072779649);
INSERT INTO "events" VALUES(80,617,'2026-11-23T04:45:21.421Z',1,'merge.landed','c',NULL,NULL,NULL,'{"before":"fe27c355f68281a98b682fa4929b951d5f973762","commit":"be4de3697366837dbb073f612eccaf76a26ebeb0","print":247548147,"target":"master"}',-2725647310785110079);
INSERT INTO "events" VALUES(81,617,'2026-11-23T04:45:21.421Z',1,'merge.started','a',NULL,NULL,NULL,'{}',2415957123906159884);
INSERT INTO "events" VALUES(82,650,'2026-11-23T04:45:21.454Z',1,'task.started','b',NULL,'1.1','b-1','{}',3961910519399672115);
INSERT INTO "events" VALUES(83,670,'2026-11-23T04:45:21.474Z',1,'task.done','b',NULL,'1.1','b-1','{}',9176651991989617699);
INSERT INTO "events" VALUES(84,677,'2026-11-23T04:45:21.481Z',1,'conflict.foreseen','b',NULL,NULL,NULL,'{"files":["shared.txt (add/add)"],"with":"master"}',2735759977435969199);
INSERT INTO "events" VALUES(85,677,'2026-11-23T04:45:21.481Z',1,'message.sent','b',NULL,NULL,NULL,'{"message":{"id":1,"kind":"conflict","text":"this branch and that of the target master do not merge as they stand: shared.txt (add/add). Keep to other lines, or agree on who changes them"}}',-6008563453015984367);
INSERT INTO "events" VALUES(86,684,'2026-11-23T04:45:21.488Z',1,'merge.verified','a',NULL,NULL,NULL,'{"plans":["a"],"verdict":{"green":true,"runs":1,"took":{"nanos":26462257,"secs":0}}}',-3529624207335611426);
INSERT INTO "events" VALUES(87,704,'2026-11-23T04:45:21.508Z',1,'task.skipped','b',NULL,'1.2','b-1','{}',-9155642791352978797);
INSERT INTO "events" VALUES(88,704,'2026-11-23T04:45:21.508Z',1,'phase.done','b',1,NULL,NULL,'{}',-3781072144048883412);
INSERT INTO "events" VALUES(89,725,'2026-11-23T04:45:21.529Z',1,'merge.landed','a',NULL,NULL,NULL,'{"before":"be4de3697366837dbb073f612eccaf76a26ebeb0","commit":"6d41900aa6376e6b1a6f33e38c485ad3fe2e2d30","print":1990823660,"target":"master"}',1348135257039163284);
INSERT INTO "events" VALUES(90,753,'2026-11-23T04:45:21.557Z',1,'task.done','b',NULL,'1.2','b-1','{}',5329719033575860808);
INSERT INTO "events" VALUES(91,762,'2026-11-23T04:45:21.566Z',1,'agent.ended','b',NULL,NULL,'b-1','{"exit":{"code":0,"kind":"code"}}',-6688692224063126327);
INSERT INTO "events" VALUES(92,763,'2026-11-23T04:45:21.567Z',1,'attempt.checked','b',NULL,NULL,'b-1','{"evidence":{"commits":2,"head":"b07b2dd9f449367a4c4c1317cb378264758f7a7b","leftovers":[],"leftovers_committed":0,"trouble":null}}',-1166486452321383714);
INSERT INTO "events" VALUES(93,763,'2026-11-23T04:45:21.567Z',1,'leg.done','b',NULL,NULL,'b-1','{"units":[1]}',4609177466790770335);
INSERT INTO "events" VALUES(94,763,'2026-11-23T04:45:21.567Z',1,'plan.finished','b',NULL,NULL,NULL,'{}',5228646621154479127);
INSERT INTO "events" VALUES(95,763,'2026-11-23T04:45:21.567Z',1,'merge.started','b',NULL,NULL,NULL,'{}',3313662075653754189);
INSERT INTO "events" VALUES(96,778,'2026-11-23T04:45:21.582Z',1,'merge.failed','b',NULL,NULL,NULL,'{"why":{"files":["shared.txt (add/add)"],"kind":"conflict","sides":{"head":"b07b2dd9f449367a4c4c1317cb378264758f7a7b","onto":"6d41900aa6376e6b1a6f33e38c485ad3fe2e2d30"},"with":["d"]}}',-5892534608264374571);
INSERT INTO "events" VALUES(97,778,'2026-11-23T04:45:21.582Z',1,'run.stopped',NULL,NULL,NULL,NULL,'{"resume":false,"why":"what is left needs a person"}',-2064508341854403668);
INSERT INTO "events" VALUES(98,2993,'2026-11-23T04:45:23.797Z',1,'gate.approved','e',NULL,NULL,NULL,'{"point":{"phase":1}}',-8657583000797517567);
INSERT INTO "events" VALUES(99,3020,'2026-11-23T04:45:23.824Z',1,'retry.requested','f',NULL,NULL,NULL,'{"point":"plan"}',-6581350389826938323);
INSERT INTO "events" VALUES(100,3060,'2026-11-23T04:45:23.864Z',1,'plan.paused','f',NULL,NULL,NULL,'{"now":false,"point":"plan"}',8927501073030904080);
INSERT INTO "events" VALUES(101,3122,'2026-11-23T04:45:23.926Z',2,'run.started',NULL,NULL,NULL,NULL,'{"base":"6d41900aa6376e6b1a6f33e38c485ad3fe2e2d30","merge_only":false,"only":[],"run":2,"target":"master"}',-3572753551549538969);
INSERT INTO "events" VALUES(102,3156,'2026-11-23T04:45:23.96Z',2,'worktree.created','e',NULL,NULL,NULL,'{"base":"6d41900aa6376e6b1a6f33e38c485ad3fe2e2d30","branch":"orch/e","path":"/srv/team/repo.worktrees/e"}',1365638966959831870);
INSERT INTO "events" VALUES(103,3156,'2026-11-23T04:45:23.96Z',2,'attempt.assigned','e',NULL,NULL,'e-1','{"agent":"s","number":1,"units":[1]}',-7758700955217447101);
INSERT INTO "events" VALUES(104,3164,'2026-11-23T04:45:23.968Z',2,'worktree.created','f',NULL,NULL,NULL,'{"base":"6d41900aa6376e6b1a6f33e38c485ad3fe2e2d30","branch":"orch/f","path":"/srv/team/repo.worktrees/f"}',4136239181153337616);
INSERT INTO "events" VALUES(105,3177,'2026-11-23T04:45:23.981Z',2,'agent.started','e',NULL,NULL,'e-1','{"head":"6d41900aa6376e6b1a6f33e38c485ad3fe2e2d30","pid":23480}',851897683761090852);
INSERT INTO "events" VALUES(106,3196,'2026-11-23T04:45:24Z',2,'task.started','e',NULL,'1.1','e-1','{}',6015527941995478389);
INSERT INTO "events" VALUES(107,3216,'2026-11-23T04:45:24.02Z',2,'task.done','e',NULL,'1.1','e-1','{}',1502492033557808945);
INSERT INTO "events" VALUES(108,3216,'2026-11-23T04:45:24.02Z',2,'phase.done','e',1,NULL,NULL,'{}',-3096682817894437579);
INSERT INTO "events" VALUES(109,3219,'2026-11-23T04:45:24.023Z',2,'agent.ended','e',NULL,NULL,'e-1','{"exit":{"code":0,"kind":"code"}}',-5980866584030882147);
INSERT INTO "events" VALUES(110,3221,'2026-11-23T04:45:24.025Z',2,'attempt.checked','e',NULL,NULL,'e-1','{"evidence":{"commits":1,"head":"bfbf7cd401e19235d9a3320b9bfd44296725ade4","leftovers":[],"leftovers_committed":0,"trouble":null}}',5170544886679434292);
INSERT INTO "events" VALUES(111,3221,'2026-11-23T04:45:24.025Z',2,'leg.done','e',NULL,NULL,'e-1','{"units":[1]}',-4290398628030920735);
INSERT INTO "events" VALUES(112,3221,'2026-11-23T04:45:24.025Z',2,'plan.finished','e',NULL,NULL,NULL,'{}',-7222309948989880953);
INSERT INTO "events" VALUES(113,3221,'2026-11-23T04:45:24.025Z',2,'run.stopped',NULL,NULL,NULL,NULL,'{"resume":false,"why":"what is left needs a person"}',4124206828244615532);
INSERT INTO "events" VALUES(114,3260,'2026-11-23T04:45:24.064Z',2,'plan.resumed','f',NULL,NULL,NULL,'{"point":"plan"}',-7847273050620421983);
INSERT INTO "events" VALUES(115,3327,'2026-11-23T04:45:24.131Z',3,'run.started',NULL,NULL,NULL,NULL,'{"base":"6d41900aa6376e6b1a6f33e38c485ad3fe2e2d30","merge_only":false,"only":[],"run":3,"target":"master"}',-9028007361372588315);
INSERT INTO "events" VALUES(116,3337,'2026-11-23T04:45:24.141Z',3,'merge.started','b',NULL,NULL,NULL,'{}',-4964601993280296399);
INSERT INTO "events" VALUES(117,3343,'2026-11-23T04:45:24.147Z',3,'worktree.created','f',NULL,NULL,NULL,'{"base":"6d41900aa6376e6b1a6f33e38c485ad3fe2e2d30","branch":"orch/f","path":"/srv/team/repo.worktrees/f"}',4347604085757197535);
INSERT INTO "events" VALUES(118,3343,'2026-11-23T04:45:24.147Z',3,'attempt.assigned','f',NULL,NULL,'f-3','{"agent":"s","number":3,"units":[1]}',1345997411744682123);
INSERT INTO "events" VALUES(119,3365,'2026-11-23T04:45:24.169Z',3,'agent.started','f',NULL,NULL,'f-3','{"head":"6d41900aa6376e6b1a6f33e38c485ad3fe2e2d30","pid":23571}',5017827363815993917);
INSERT INTO "events" VALUES(120,3368,'2026-11-23T04:45:24.172Z',3,'agent.ended','f',NULL,NULL,'f-3','{"exit":{"code":3,"kind":"code"}}',-2045478872339430128);
INSERT INTO "events" VALUES(121,3369,'2026-11-23T04:45:24.173Z',3,'merge.failed','b',NULL,NULL,NULL,'{"why":{"files":["shared.txt (add/add)"],"kind":"conflict","sides":{"head":"b07b2dd9f449367a4c4c1317cb378264758f7a7b","onto":"6d41900aa6376e6b1a6f33e38c485ad3fe2e2d30"},"with":["d"]}}',4374100013765405393);
INSERT INTO "events" VALUES(122,3369,'2026-11-23T04:45:24.173Z',3,'merge.started','e',NULL,NULL,NULL,'{}',5158583401765003242);
INSERT INTO "events" VALUES(123,3370,'2026-11-23T04:45:24.174Z',3,'attempt.checked','f',NULL,NULL,'f-3','{"evidence":{"commits":0,"head":"6d41900aa6376e6b1a6f33e38c485ad3fe2e2d30","leftovers":[],"leftovers_committed":0,"trouble":null}}',-6647191330531876093);
INSERT INTO "events" VALUES(124,3370,'2026-11-23T04:45:24.174Z',3,'attempt.failed','f',NULL,NULL,'f-3','{"counted":true,"retry_in_ms":98,"why":"the agent exited with code 3"}',2300505506379981210);
INSERT INTO "events" VALUES(125,3389,'2026-11-23T04:45:24.193Z',3,'conflict.foreseen','b',NULL,NULL,NULL,'{"files":["shared.txt (add/add)"],"with":"e"}',1364025935560894046);
INSERT INTO "events" VALUES(126,3389,'2026-11-23T04:45:24.193Z',3,'conflict.foreseen','b',NULL,NULL,NULL,'{"files":["shared.txt (add/add)"],"with":"f"}',5225541621677288514);
INSERT INTO "events" VALUES(127,3389,'2026-11-23T04:45:24.193Z',3,'conflict.foreseen','e',NULL,NULL,NULL,'{"files":["shared.txt (add/add)"],"with":"b"}',8101374969154571102);
INSERT INTO "events" VALUES(128,3389,'2026-11-23T04:45:24.193Z',3,'conflict.foreseen','f',NULL,NULL,NULL,'{"files":["shared.txt (add/add)"],"with":"b"}',2845090668818991405);
INSERT INTO "events" VALUES(129,3389,'2026-11-23T04:45:24.193Z',3,'message.sent','f',NULL,NULL,NULL,'{"message":{"from":"b","id":1,"kind":"conflict","text":"this branch and that of plan b do not merge as they stand: shared.txt (add/add). Keep to other lines, or agree on who changes them"}}',-7709236582958475358);
INSERT INTO "events" VALUES(130,3428,'2026-11-23T04:45:24.232Z',3,'merge.verified','e',NULL,NULL,NULL,'{"plans":["e"],"verdict":{"green":true,"runs":1,"took":{"nanos":7904692,"secs":0}}}',416837492601933368);
INSERT INTO "events" VALUES(131,3471,'2026-11-23T04:45:24.275Z',3,'attempt.assigned','f',NULL,NULL,'f-4','{"agent":"s","number":4,"units":[1]}',-2301124418487319843);
INSERT INTO "events" VALUES(132,3480,'2026-11-23T04:45:24.284Z',3,'agent.started','f',NULL,NULL,'f-4','{"head":"6d41900aa6376e6b1a6f33e38c485ad3fe2e2d30","pid":23627}',-1651651331734858093);
INSERT INTO "events" VALUES(133,3481,'2026-11-23T04:45:24.285Z',3,'merge.landed','e',NULL,NULL,NULL,'{"before":"6d41900aa6376e6b1a6f33e38c485ad3fe2e2d30","commit":"df9136fe9868d93e35ffce8bd5aff1f714a94dee","print":327763009,"target":"master"}',6259792409094070137);
INSERT INTO "events" VALUES(134,3484,'2026-11-23T04:45:24.288Z',3,'agent.ended','f',NULL,NULL,'f-4','{"exit":{"code":3,"kind":"code"}}',-4372916360540582729);
INSERT INTO "events" VALUES(135,3486,'2026-11-23T04:45:24.29Z',3,'attempt.checked','f',NULL,NULL,'f-4','{"evidence":{"commits":0,"head":"6d41900aa6376e6b1a6f33e38c485ad3fe2e2d30","leftovers":[],"leftovers_committed":0,"trouble":null}}',4739067833794237623);
INSERT INTO "events" VALUES(136,3486,'2026-11-23T04:45:24.29Z',3,'attempt.failed','f',NULL,NULL,'f-4','{"counted":true,"retry_in_ms":null,"why":"the agent exited with code 3"}',-4373578360139226706);
INSERT INTO "events" VALUES(137,3486,'2026-11-23T04:45:24.29Z',3,'plan.failed','f',NULL,NULL,NULL,'{"why":"the agent exited with code 3 (attempt 4, no retries left)"}',-8295597809978118497);
INSERT INTO "events" VALUES(138,3486,'2026-11-23T04:45:24.29Z',3,'run.settled',NULL,NULL,NULL,NULL,'{}',-4048711571472441534);
INSERT INTO "events" VALUES(139,3703,'2026-11-23T04:45:24.507Z',3,'merge.reverted','c',NULL,NULL,NULL,'{"commit":"47483c5f224a4e7970392ce2ae7f72545ab2f92f","target":"master"}',-257975932611887531);
INSERT INTO "events" VALUES(140,3752,'2026-11-23T04:45:24.556Z',3,'plan.skipped','f',NULL,NULL,NULL,'{"cause":"f","why":"a person skipped it"}',4852808259183263718);
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "meta" VALUES('epoch','2026-11-23T04:45:20.804629934Z');
CREATE TABLE verdicts (
    tree        TEXT NOT NULL,
    command     TEXT NOT NULL,
    environment TEXT NOT NULL,
    runs        INTEGER NOT NULL,
    reds        INTEGER NOT NULL,
    green       INTEGER NOT NULL,
    why         TEXT NOT NULL,
    took_ms     INTEGER NOT NULL,
    at          TEXT NOT NULL,
    PRIMARY KEY (tree, command, environment)
) WITHOUT ROWID;
INSERT INTO "verdicts" VALUES('6d9b7c5ee82379fa81a58b17545550a33f55aeb3','test -e plans','736c70f05a751fce',1,0,1,'',26,'2026-11-23T04:45:21.484846036Z');
INSERT INTO "verdicts" VALUES('726facf8219b7a629d45e13a98df1f1d437e2f8b','test -e plans','736c70f05a751fce',1,0,1,'',22,'2026-11-23T04:45:24.453369946Z');
INSERT INTO "verdicts" VALUES('77ed532a21cdfa25207f43620d0900f83d4e85f0','test -e plans','736c70f05a751fce',1,0,1,'',7,'2026-11-23T04:45:24.230337471Z');
INSERT INTO "verdicts" VALUES('95fd2a429912993c0ba0f28c22a14a5603041ef6','test -e plans','736c70f05a751fce',1,0,1,'',5,'2026-11-23T04:45:21.373793852Z');
INSERT INTO "verdicts" VALUES('b0bc852e5773700591b762dae53191fbe26bad55','test -e plans','736c70f05a751fce',1,0,1,'',20,'2026-11-23T04:45:21.222291552Z');
COMMIT;
