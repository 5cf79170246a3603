"""Time the audit's cells: run.py SEED RUNS [words of sections]; tunings as given here unless the file has them."""
import sys, re, time, os, json
sys.path.insert(0, os.getcwd()); sys.stdout.reconfigure(line_buffering=True)
t0 = time.process_time()
import matplotlib; matplotlib.use("agg")
from pathlib import Path
seed, runs, keep = sys.argv[1], sys.argv[2], sys.argv[3:]
def T(rates, means=None, **k):
    return {"best_rates": rates, "best_means": means or {a: .8 for a in rates}, "at_edge": [], "metric": "val_loss", **k}
fam = ["L2 3e-05","L2 0.0001","L2 0.0003","max-norm 1","max-norm 1.5","max-norm 2","dropout 0.5","dropout 0.65","dropout 0.8"]
riv = ["16 units","32 units","64 units","96 units","128 units","192 units","crop to 12","shift by 1","turn by 10","mirror and shift by 1","crop to 12 and turn by 10","mirror"]
means = {a: .80 for a in ["plain",*fam,*riv]} | {"dropout 0.65": .82, "crop to 12": .815}
S = list(range(10_010_000, 10_010_005)); S10 = list(range(10_010_000, 10_010_010))
rep = lambda tr, va, s=S, name="fashion": {"name": name, "seeds": s, "train": tr, "valid": va, "test": 1}
shares = {"no dropout": .56, "dropout 0.5": .67, "dropout 0.65": .70, "dropout 0.8": .74, "dropout 0.9": .70}
mock = {
 "OVF-02, cures": T({a: .002 for a in means}, means, family=fam, rivals=riv, replicates=rep(1000, 500)),
 "OVF-02, early stopping": T({f"early stopping, patience {p}": .002 for p in (4,8,16)}, replicates=rep(1000,500)),
 "OVF-09, dropout": T({}, scores={a: {"0.003": [v], "0.0045": [v-.01]} for a, v in shares.items()}, replicates=rep(1000,500)),
 "OVF-09, labels repeated": T({}, scores={"no dropout": {"0.003": [.97], "0.0045": [.98]}}),
 "OVF-14, 2,000 pictures": T({"32 units": .003, "8 units": .001, "8-8 units": .003}, {"32 units": .5}, replicates=rep(2000, 0)),
 "OVF-15, 8,000 pictures": T({"256-256 units": .001, "16 units": .003}, replicates=rep(8000, 400)),
 "OVF-30, table": T({"32": .01, "512-512-512": .001}),
 "OVF-30, sawtooth": T({"64 units": .01, "4 units": .03}),
 "OVF-32, 4,000 pictures": T({a: .003 for a in ("4 units","32 units","8 units","8-8 units")}),
 **{f"OVF-34, {n}": T({"wide": .003, "deep": .003}) for n in ("linear","smooth","products")},
 **{f"OVF-35, {n}": T({"wide": .003, "deep": .003}, scores={"wide": {"0.003": [.1 + (n=="eight teeth")]*5}, "deep": {"0.003": [.11 + (n=="linear")]*5}}, replicates=rep(500, 60, S10, n)) for n in ("wine","digits","clothes","four teeth","eight teeth","sines","linear")},
}
path = Path("notebooks/results/01_overfitting.json")
if path.exists():
    known = json.loads(path.read_text())["settings"]
    mock |= {k: v for k, v in known.items() if "best_rates" in v}
cells = re.split(r"^# %%", open("notebooks/audits/01_overfitting.py").read(), flags=re.M)[1:]
space = {"__name__": "__main__", "course": Path.cwd()}
section, here = "header", {}
print("python", round(time.process_time() - t0, 1))
for cell in cells:
    head, _, body = cell.partition("\n")
    if "[markdown]" in head:
        for line in body.splitlines():
            m = re.match(r"# (##+ .*)", line)
            if m: section = m.group(1)
        continue
    if "parameters" in head: body = f'PROFILE = "quick"\nSEED = {seed}\nRUNS = {runs}\n'
    if keep and section != "header" and not any(k in section for k in [*keep, "Tools", "Too little is learned"]): continue
    if "results = json.loads" in body:
        space["tunings"] = mock; body = body.split('tunings = results["settings"]\n')[1]
    t = time.process_time(); 
    try: exec(compile(body, section, "exec"), space)
    except Exception:
        import traceback; traceback.print_exc(); print("IN", section)
    d = time.process_time() - t
    here[section] = here.get(section, 0) + d
    if d > .3: print(f"    [{section[:40]}: {d:.1f} s]")
print({k.split("(")[-1][:30]: round(v, 1) for k, v in here.items()}, "total", round(time.process_time() - t0, 1))
