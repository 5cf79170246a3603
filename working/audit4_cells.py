"""Run cells of the audit, timed: python cells.py SEED RUNS [FIRST LAST]"""
import sys, time, re, traceback
path="notebooks/audits/04_regularization.py"
seed,runs=sys.argv[1:3]; want=sys.argv[3] if len(sys.argv)>3 else ""
text=open(path).read().replace("\"04_regularization_audit.json\"","\"/tmp/w/audit4_scratch/tunings.json\"")
cells=re.split(r"^# %%", text, flags=re.M)[1:]
env={"__name__":"__main__"}
section=""
import os
skip = [s for s in sys.argv[3:]]  # section numbers to run; tools always
tot=0
for c in cells:
    head,_,body=c.partition("\n")
    if "[markdown]" in head:
        m=re.findall(r"^# ## (\d+)\.", body, flags=re.M)
        if m: section=m[-1]
        continue
    if "parameters" in head: body=f"PROFILE='quick'; SEED={seed}; RUNS={runs}"
    if skip and section and section not in skip and section!="6" and "def attempt" not in body and "def silenced" not in body: continue
    t=time.process_time()
    try: exec(compile(body,f"cell:{body[:60]!r}","exec"),env)
    except Exception:
        traceback.print_exc(); print("FAILED CELL:", body[:200])
    d=time.process_time()-t; tot+=d
    if d>.3: print(f"   ---- {d:.1f} s [{section}] {body.strip().splitlines()[0][:70]}")
print("total", tot)
