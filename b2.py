import sys; sys.path.insert(0,"benchmarks")
import asyncio, tempfile, json, cProfile, pstats, time
from pathlib import Path
import postgres
from anymedia.journal import open_journal
from anymedia.journal.imports import import_journal
with tempfile.TemporaryDirectory() as n:
    f=Path(n,"y","j.db")
    t=time.time()
    postgres._child("year",str(f),"5000").wait()
    print("fill",time.time()-t)
    async def main():
        a,b=open_journal(str(f)),open_journal(str(Path(n,"z","j.db")))
        t=time.time(); c=time.process_time()
        await import_journal(a,b)
        print(time.time()-t, time.process_time()-c)
        await a.close(); await b.close()
    p=cProfile.Profile(); p.enable(); asyncio.run(main()); p.disable()
    pstats.Stats(p).sort_stats("tottime").print_stats(12)
