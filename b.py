import sys; sys.path.insert(0,"benchmarks")
import asyncio, tempfile, json
from pathlib import Path
import postgres
with tempfile.TemporaryDirectory() as n:
    for p,a,k in postgres.SUBMITS:
        print(p,a, postgres.a_second(str(Path(n,f"{p}{a}","j.db")), p,a,k))
    f=Path(n,"y","j.db")
    postgres._child("year",str(f),"20000").wait()
    with postgres._child("move",str(f),str(Path(n,"z","j.db"))) as m: print(postgres._line(m), f.stat().st_size/20000)
