"""The listings with Keras 2 (tf-keras)."""
import os
os.environ["TF_USE_LEGACY_KERAS"]="1"
import sys; sys.path.insert(0,"/tmp/w/audit4_scratch/tfk")
import re, numpy as np, warnings, time
import tensorflow as tf
import tf_keras as keras
import contextlib, io, types
print(keras.__version__, tf.__version__)
# make `from tensorflow.keras ...` resolve to tf_keras
for n in ("", ".constraints", ".regularizers", ".layers", ".callbacks"):
    import importlib
    m=importlib.import_module("tf_keras"+n); sys.modules["tensorflow.keras"+n]=m
tf.keras=keras
src=open("notebooks/audits/04_regularization.py").read()
env={}
for name in ("DECAY_LISTING","DROPOUT_LISTING","CONSTRAINT_LISTING","L1_LISTING","L2_LISTING","BOTH_LISTING","OWN_LISTING","TRAINING_LISTING","DROPOUT_REVIEWS_LISTING","BETWEEN_LISTING","STOPPING_LISTING","FIRST_LISTING","SECOND_LISTING","EXAMPLE_LISTING"):
    m=re.search(rf'^{name} = f?"""(.*?)"""', src, flags=re.M|re.S)
    env[name]=m.group(1)
for k in ("FIRST_LISTING","SECOND_LISTING"): env[k]=env[k].replace("{STOPPING_LISTING}",env["STOPPING_LISTING"])
def attempt(l, **names):
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try: exec(l,names)
        except Exception as e: return names, f"{type(e).__name__}: {str(e).splitlines()[0]}"
    return names,""
rng=np.random.default_rng(0)
X,Y=rng.random((300,28,28)).astype("f"),rng.integers(0,10,300); XT,YT=rng.random((60,28,28)).astype("f"),rng.integers(0,10,60)
L=keras.layers
sup=dict(Sequential=keras.Sequential,Flatten=L.Flatten,Dense=L.Dense,X_train=X,y_train=Y,X_test=XT,y_test=YT)
n,e=attempt(env["DECAY_LISTING"],**sup); m=n["model"]
rep=m.evaluate(XT,YT,60,verbose=0)[0]; W,b=m.get_weights()[:2]
h=XT.reshape(60,784)@W+b; p=m.predict(XT,verbose=0)[np.arange(60),YT]
print("REG-09",e, rep+np.log(p).mean()-.01*np.abs(h).sum()/60, .01*(W**2).sum())
def sil(l,k):
    o=np.ones((1000,k),"f"); return [float(np.mean(np.array(l(o,training=t))==0)) for t in (True,False)]
n,e=attempt(env["DROPOUT_LISTING"],**sup); print("REG-12",e,sil(n["model"].layers[2],64))
n,e=attempt(env["CONSTRAINT_LISTING"],**sup,MaxNorm=keras.constraints.MaxNorm,regularizers=keras.regularizers); m=n["model"]
k,*r=m.get_weights(); k*=5/np.linalg.norm(k,axis=0); m.set_weights([k,*r]); m.fit(X[:30],Y[:30],batch_size=30,verbose=0)
print("REG-14",e,np.linalg.norm(m.get_weights()[0],axis=0).max())
N=dict(models=keras.models,layers=L,keras=keras)
for i,name,l1,l2 in (("REG-15","L1",.01,0),("REG-16","L2",0,.01),("REG-17","BOTH",.01,.01)):
    n,e=attempt(env[name+"_LISTING"],**N); m=n[{"L1":"l1_model","L2":"l2_model","BOTH":"l1_l2_model"}[name]]
    ks=[x.kernel.numpy() for x in m.layers[:2]]
    print(i,e,m.count_params(),len(m.losses),float(sum(m.losses)),sum(l1*np.abs(k).sum()+l2*(k**2).sum() for k in ks))
print("REG-20",attempt(env["OWN_LISTING"],**N)[1])
x=(rng.random((500,10000))<.01).astype("f"); y=(rng.random(500)<.5).astype("f")
D=dict(x_train=x,y_train=y,x_test=x[:100],y_test=y[:100])
both=n
n,e=attempt(env["TRAINING_LISTING"],**both,**D); h=n["l1_l2_model_hist"].history; print("REG-21",e,len(h["loss"]),len(h["val_loss"]))
n,e=attempt(env["DROPOUT_REVIEWS_LISTING"],**N,**D); h=n["drop_20_history"].history
print("REG-26",e,len(h["loss"]),len(h["val_loss"]),[sil(l,16) for l in n["model"].layers if isinstance(l,L.Dropout)])
n,e=attempt("net=("+env["BETWEEN_LISTING"].strip()+")",keras=keras,layers=L)
net=n["net"]; t=rng.normal(size=(10000,20)).astype("f"); print("REG-32",e,np.mean(np.array(net.layers[1](net.layers[0](t),training=True))!=0))
n,e=attempt(env["FIRST_LISTING"]+env["SECOND_LISTING"]); s=n["early_stopping"]; print("REG-40",e,s.patience,s.min_delta,s.restore_best_weights)
from helpers.datasets import sources
wx,wy=sources.read_wine(sources.WINE); lo,hi=wx[:512].min(0),wx[:512].max(0); wx=(wx-lo)/(hi-lo)
keras.utils.set_random_seed(0)
n,e=attempt(env["FIRST_LISTING"]+env["SECOND_LISTING"]+env["EXAMPLE_LISTING"],X_train=wx[:512],y_train=wy[:512],X_valid=wx[512:900],y_valid=wy[512:900])
print("REG-42",e,len(n["history"].history["loss"]),np.abs(n["model"].predict(wx[512:900],verbose=0)[:,0]-wy[512:900]).mean(),np.abs(np.median(wy[:512])-wy[512:900]).mean())
