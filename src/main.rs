use std::path::PathBuf;
use despam::metrics::{Estimate, Evaluation, evaluate};
fn show(n: &str, e: &Evaluation) {
        let f = &e.figures;
        let v = |e: &Estimate| e.value.map_or("n/a".into(), |v| format!("{v:.4}"));
        println!("{n:32} {:6} {:5} {:6} r995 {} [w {}] r999 {} | loss {} {} short {} rec {} ads {} chr {} | right {} clean {} ece {}", e.content, e.ads, e.chrome, v(&f.recall_at_995), v(&f.recall_at_995_words), v(&f.recall_at_999), v(&f.content_loss_words), v(&f.content_loss_paragraphs), v(&f.short_content_loss), v(&f.recall), v(&f.recall_ads), v(&f.recall_chrome), v(&f.documents_right), v(&f.documents_clean), v(&f.calibration_error));
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let t = std::time::Instant::now();
    if a[1] == "eval" {
        let model = despam::Model::load(&PathBuf::from(&a[2])).unwrap();
        let mut c = despam::Classifier::new(&model);
        if let Ok(th) = std::env::var("TH") { c = c.with_threshold(th.parse().unwrap()); }
        let docs = despam::train::dataset::read(&a[3..].iter().map(PathBuf::from).collect::<Vec<_>>()).unwrap();
        let t = std::time::Instant::now();
        let mut sets = despam::train::evaluate::judge(&c, &docs);
        eprintln!("judged in {:?}", t.elapsed());
        let pooled: Vec<_> = sets.iter().filter(|(n,_)| n.contains('/') && !n.contains("inscriptis") && !n.contains("resiliparse_all")).flat_map(|(_,r)| r.clone()).collect();
        sets.insert("wcxb_extracted_pooled".into(), pooled);
        for (n, r) in &sets { if !n.contains('/') || std::env::var("ALL").is_ok() { show(n, &evaluate(r)); } }
        return;
    }
    let paths: Vec<PathBuf> = a[2..].iter().map(PathBuf::from).collect();
    let docs = despam::train::dataset::read(&paths).unwrap();
    let recipe = despam::train::recipe::Recipe::from_toml(&std::fs::read_to_string(std::env::var("RECIPE").unwrap_or("training/recipe.toml".into())).unwrap()).unwrap();
    let tr = despam::train::train(&docs, &recipe, None, 2, &|_s, _d, _n| ()).unwrap();
    eprintln!("done {:?}", t.elapsed());
    std::fs::write(&a[1], tr.model.to_bytes().unwrap()).unwrap();
    if let Ok(f) = std::env::var("DUMP") {
        use std::io::Write;
        let mut w = std::io::BufWriter::new(std::fs::File::create(f).unwrap());
        for (d, s) in docs.iter().zip(&tr.out_of_fold) { for (i, p) in s.iter().enumerate() {
            writeln!(w, "{}\t{}\t{:.4}", d.id, i, p).unwrap(); } }
    }
    let r = &tr.report;
    println!("docs {} rows {} text {:?} context {:?}", r.documents, r.rows, r.text, r.context);
    for p in &r.points { println!("{p:?}"); }
    for (n, e) in &r.sets { if !n.contains('/') { show(n, e); } }
}
